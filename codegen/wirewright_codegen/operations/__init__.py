"""Operations: canonical document → endpoint functions, resources, clients and, on request, a command line."""
