# Is a report what it says it is?  report-check.py FORMAT FILE [WORDS...]: reads it
# with Python's own parsers; XML must be well formed, HTML have each tag closed in
# order and none of a node's, CSV as many cells in each line.  The words must be in
# its text.  For junit prints what a pipeline would count.
# SPDX-License-Identifier: Apache-2.0
import csv, html.parser, json, sys
import xml.etree.ElementTree as ET

kind, path, words = sys.argv[1], sys.argv[2], sys.argv[3:]
data = open (path, "rb").read ().decode ("utf-8")


class Page (html.parser.HTMLParser):
  def __init__ (self):
    super ().__init__ (convert_charrefs=True)
    self.stack, self.seen = [], []

  def handle_starttag (self, tag, attrs):
    if tag == "script" or any (name.startswith ("on") or name in ("src", "href") for name, _ in attrs):
      sys.exit ("the page has a foreign <%s %s>" % (tag, attrs))
    if tag != "meta":
      self.stack.append (tag)

  def handle_endtag (self, tag):
    if not self.stack or self.stack.pop () != tag:
      sys.exit ("</%s> closes something else" % tag)

  def handle_data (self, data):
    self.seen.append (data)


if kind == "html":
  page = Page ()
  page.feed (data)
  page.close ()
  if page.stack:
    sys.exit ("not closed: %s" % page.stack)
  text = "".join (page.seen)
elif kind == "csv":
  rows = list (csv.reader (data.splitlines (keepends=True)))
  if len ({len (row) for row in rows}) != 1:
    sys.exit ("lines have different numbers of cells")
  text = "\n".join (cell for row in rows for cell in row)
elif kind == "json":
  text = json.dumps (json.loads (data), ensure_ascii=False).replace ('\\"', '"')
else:
  tree = ET.fromstring (data.encode ())
  text = "".join (tree.itertext ()) + " ".join (v for e in tree.iter () for v in e.attrib.values ())
  if kind == "junit":
    suite = tree.find ("testsuite")
    cases = suite.findall ("testcase")
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
      if int (suite.get (name)) != sum (c.find (tag) is not None for c in cases):
        sys.exit ("%s aren't those of the cases" % name)
    if int (suite.get ("tests")) != len (cases):
      sys.exit ("tests aren't the cases")
    print (suite.get ("tests"), suite.get ("failures"), suite.get ("errors"), suite.get ("skipped"))
for word in words:
  if word not in text:
    sys.exit ("it hasn't %r" % word)
