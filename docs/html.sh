#!/bin/sh
# html.sh - manual pages as HTML: html.sh FOLDER PAGE...
# Links go from page to page; an index has them all by section.
# SPDX-License-Identifier: Apache-2.0
set -eu
command -v mandoc >/dev/null || { echo "make html needs mandoc: apt install mandoc" >&2; exit 1; }
folder=$1; shift
mkdir -p "$folder"
title () { sed -n 's/^\.Nd //p' "$1" | head -n 1; }
{
  echo '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Fettle: manuals</title>'
  echo '<meta name="viewport" content="width=device-width"><h1>Fettle: manuals</h1><dl>'
  for page in "$@"; do printf '%s %s\n' "${page##*.}" "$page"; done | sort | while read -r section page; do
    name=$(basename "$page" ".$section")
    printf '<dt><a href="%s.%s.html">%s(%s)</a><dd>%s\n' "$name" "$section" "$name" "$section" "$(title "$page" | sed 's/&/\&amp;/g; s/</\&lt;/g')"
  done
  echo '</dl></html>'
} >"$folder/index.html"
for page in "$@"; do
  mandoc -T html -O man=%N.%S.html,toc "$page" >"$folder/$(basename "$page").html"
done
echo "$folder/index.html: $# pages"
