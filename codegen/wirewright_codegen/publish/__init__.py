"""Publishing: files → a folder, formatted, as one transaction; or compared with what is there."""

from wirewright_codegen.publish.folder import Change, Publication, compare, publish
from wirewright_codegen.publish.format import FormatError, finished

__all__ = ["Change", "FormatError", "Publication", "compare", "finished", "publish"]
