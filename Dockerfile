# The command line, the sandboxes and every SDK, as a user without rights.
#
#   docker build -t wirewright .
#   docker run --rm -p 9100:9100 wirewright serve syncropel --host 0.0.0.0 --port 9100
#   docker run --rm -v "$PWD:/workspace" wirewright generate --spec openapi.yaml --package my_api --out src
#   docker run --rm -it --entrypoint python wirewright -m symbiont
#   docker run --rm -v "$PWD:/workspace" --entrypoint python wirewright your_script.py
FROM python:3.13-slim AS build
WORKDIR /opt/wirewright/src
COPY . .
RUN python -m venv /opt/wirewright/venv \
 && /opt/wirewright/venv/bin/pip install --no-cache-dir --constraint dev.lock --editable ".[all]"

FROM python:3.13-slim
LABEL org.opencontainers.image.title="wirewright" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --create-home --uid 10001 wirewright && mkdir /workspace && chown wirewright /workspace
COPY --from=build /opt/wirewright /opt/wirewright
ENV PATH="/opt/wirewright/venv/bin:$PATH" PYTHONUNBUFFERED=1
USER 10001
WORKDIR /workspace
ENTRYPOINT ["wirewright"]
CMD ["--help"]
