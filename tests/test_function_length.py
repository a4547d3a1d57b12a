"""No function of the product is longer than a screen."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 60  # lines, without the docstring
NO_FUNCTIONS = "if|for|while|switch|do|else|namespace|class|struct|union|enum|return"


def functions_of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
            taken = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
            yield node.name, node.end_lineno - node.lineno + 1 - taken


def indent_of(line):
    return len(line) - len(line.lstrip())


def functions_of_cython(text):
    """A function ends before the next line of code that is indented no deeper than its first."""
    lines = text.split("\n")
    for start, line in enumerate(lines):
        first = re.match(r" *(?:cdef|cpdef|def)\b(?! (?:extern|class|cppclass|enum|struct))[^=]*?(\w+)\(", line)
        if not first:
            continue
        end = start + 1
        while end < len(lines) and (
            not lines[end].strip() or indent_of(lines[end]) > indent_of(line) or lines[end].lstrip().startswith(")")
        ):
            end += 1
        body = "\n".join(lines[start:end]).rstrip()
        yield first[1], len(re.sub(r'"""[\s\S]*?"""\n', "", body, count=1).split("\n"))


def functions_of_cpp(text):
    """clang-format puts the brace that ends a function below the first letter of its last line of head."""
    lines = text.split("\n")
    for start, line in enumerate(lines):
        if line.startswith("#") or not re.match(rf" *(?!(?:{NO_FUNCTIONS})\b)\S.*\{{$", line):
            continue
        while start > 0 and (lines[start].count(")") > lines[start].count("(") or lines[start].lstrip()[0] == ":"):
            start -= 1
        if "(" not in lines[start]:
            continue
        ends = re.compile(" " * indent_of(lines[start]) + r"\}")
        end = next((number for number in range(start + 1, len(lines)) if ends.match(lines[number])), start)
        yield lines[start].strip(), end - start + 1


READERS = {".py": functions_of_python, ".pyx": functions_of_cython, ".hpp": functions_of_cpp}
FILES = [
    path
    for folder in ("cppdynarray", "src_cpp")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in READERS
]


@pytest.mark.parametrize("suffix", READERS)
def test_no_function_is_longer_than_a_screen(suffix):
    lengths = {
        f"{path.relative_to(ROOT)}: {name}": length
        for path in FILES
        if path.suffix == suffix
        for name, length in READERS[suffix](path.read_text())
    }
    assert len(lengths) > 300  # the patterns find functions
    assert not {name: length for name, length in lengths.items() if length > MOST}
