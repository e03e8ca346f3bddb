"""Whether programs are written by the grammars of their languages: `{"language": "text"}` comes in, a line of JSON goes out for each."""

import json
import sys

import tree_sitter_dart
import tree_sitter_kotlin
import tree_sitter_swift
from tree_sitter import Language, Parser

GRAMMARS = {"dart": tree_sitter_dart, "kotlin": tree_sitter_kotlin, "swift": tree_sitter_swift}


def faults(node):
    """The lines at which the text fits no rule."""
    if node.is_error or node.is_missing:
        yield node.start_point.row + 1
    for child in node.children:
        yield from faults(child)


for language, text in json.load(sys.stdin).items():
    tree = Parser(Language(GRAMMARS[language].language())).parse(text.encode())
    print(json.dumps({"language": language, "faults": list(faults(tree.root_node))}), flush=True)
