#!/usr/bin/env python3
"""The releases of CHANGELOG.md as a Debian changelog or as the list of AppStream metadata, on standard output.

What is not released yet counts as the version that is being built, dated by SOURCE_DATE_EPOCH.
usage: releases.py debian|appstream PACKAGE VERSION < CHANGELOG.md
"""

import datetime
import email.utils
import html
import os
import re
import sys
import textwrap

MAINTAINER = "Certificate Assistant Maintainers <maintainers@certassistant.org>"


def releases(text, version, today):
    """(version, date, [what is new]), newest first."""
    found = []
    for line in text.splitlines():
        heading = re.match(r"## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?", line)
        if heading:
            name, date = heading.groups()
            date = datetime.datetime.fromisoformat(date + "T00:00:00+00:00") if date else today
            found.append((version if name == "Unreleased" else name, date, []))
        elif found and line.startswith("- "):
            found[-1][2].append(line[2:].strip())
        elif found and found[-1][2] and line.startswith("  "):
            found[-1][2][-1] += " " + line.strip()
    # what was added after a release whose number still stands in Cargo.toml belongs to no release
    released = [name for name, _, _ in found[1:]]
    return [release for at, release in enumerate(found) if release[2] and not (at == 0 and release[0] in released)]


def plain(text):
    """Without the marks of Markdown."""
    return re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text).replace("`", "").replace("**", "")


def debian(found, package):
    for version, date, news in found:
        print(f"{package} ({version}) stable; urgency=medium\n")
        for item in news:
            print(textwrap.fill(plain(item), 76, initial_indent="  * ", subsequent_indent="    "))
        print(f"\n -- {MAINTAINER}  {email.utils.format_datetime(date)}\n")


def appstream(found):
    print("  <releases>")
    for version, date, news in found:
        print(f'    <release version="{version}" date="{date:%Y-%m-%d}">\n      <description>\n        <ul>')
        for item in news:
            print(f"          <li>{html.escape(plain(item), quote=False)}</li>")
        print("        </ul>\n      </description>\n    </release>")
    print("  </releases>")


form, package, version = sys.argv[1:]
today = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
found = releases(sys.stdin.read(), version, today)
# the version that is built is told even where nothing is written about it
if version not in [release[0] for release in found]:
    found.insert(0, (version, today, [f"Version {version}."]))
debian(found, package) if form == "debian" else appstream(found)
