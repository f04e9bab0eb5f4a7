#!/usr/bin/env python3
"""Every relative link in a tracked Markdown file leads to a tracked file and, after #, to a heading or <a id>; every
citation of a chapter of docs/wire-format, in any tracked text, leads to that chapter and its section. Nothing is
fetched: addresses with a scheme are left alone. Prints violations as path:line: text and ends with 1 if there are any,
or if it found nothing to check, since then it is the check that is broken."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

TOP = Path(__file__).resolve().parent.parent
CHAPTERS = "docs/wire-format"

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[`~]*[ \t]*$", re.M | re.S)
SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)\1(?!`)", re.S)
INLINE = re.compile(r"\]\(\s*(?:<([^>\n]*)>|([^\s()]*(?:\([^\s()]*\)[^\s()]*)*))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]*<?([^\s>]+)", re.M)
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=[\"']([^\"']+)[\"']", re.I)
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.M)
ID = re.compile(r"<[a-z]+\b[^>]*?\b(?:id|name)=[\"']([^\"']+)[\"']", re.I)
CITATION = re.compile(r"\bwire-format/([\w-]+(?:\.\w+)?)(?:#([\w-]*))?")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (TOP / name).is_file()]


@cache
def text_of(name):
    """The text of a file; None for anything that is no text."""
    try:
        text = (TOP / name).read_bytes().decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def blanked(match):
    """Code, taken out of the way without moving a line."""
    return re.sub(r"[^\n]", " ", match[0])


def slug(heading):
    """The anchor GitHub makes of a heading."""
    shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"<[^>]+>", "", heading))
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


@cache
def anchors(name):
    text = FENCE.sub(blanked, text_of(name) or "")
    found, times = set(ID.findall(text)), {}
    for heading in HEADING.findall(text):
        base = slug(heading)
        found.add(f"{base}-{times[base]}" if base in times else base)
        times[base] = times.get(base, 0) + 1
    return found


def links(text):
    text = SPAN.sub(blanked, FENCE.sub(blanked, text))
    for pattern in (INLINE, REFERENCE, HTML):
        for match in pattern.finditer(text):
            yield match.start(), next(filter(None, match.groups()), "")


def fault_of_link(name, target, known):
    """What is wrong with a link of a file, or None."""
    path, _, anchor = target.partition("#")
    path, anchor = unquote(path.partition("?")[0]), unquote(anchor)
    if path.startswith("/"):
        place = normpath(path.lstrip("/"))
    else:
        place = normpath(PurePosixPath(name).parent / path) if path else name
    if place not in known:
        return f"{target}: no such file in the repository"
    if anchor and place.endswith(".md") and anchor not in anchors(place):
        return f"{target}: no such heading"
    return None


def fault_of_citation(chapter, section, known):
    place = f"{CHAPTERS}/{chapter}"
    if place not in known:
        return f"no such chapter in {CHAPTERS}"
    if section is not None and section not in anchors(place):
        return "no such section"
    return None


def main():
    files = tracked()
    known = {str(folder) for name in files for folder in PurePosixPath(name).parents} | set(files)
    faults, seen_links, seen_citations = [], 0, 0
    for name in files:
        text = text_of(name)
        if text is None:
            continue
        line = lambda at: text.count("\n", 0, at) + 1
        if name.endswith(".md"):
            for at, target in links(text):
                if SCHEME.match(target):
                    continue
                seen_links += 1
                if fault := fault_of_link(name, target, known):
                    faults.append((name, line(at), fault))
        else:
            for match in CITATION.finditer(text):
                seen_citations += 1
                if fault := fault_of_citation(match[1], match[2], known):
                    faults.append((name, line(match.start()), f"{match[0]}: {fault}"))
    for name, number, fault in sorted(faults):
        print(f"{name}:{number}: {fault}")
    if not seen_links or not seen_citations:
        print("nothing to check was found: is this the whole repository?")
        return 1
    print(f"{seen_links} links, {seen_citations} citations, {len(faults)} wrong")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
