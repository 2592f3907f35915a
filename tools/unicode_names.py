"""Writes src/model/unicode_names.inc: ranges of code points that may stand in a name (categories L and N), and of those
that may not stand in an id although they are no control characters (invisible and bidirectional ones, noncharacters)."""
import sys
import unicodedata

def ranges(wanted):
    start = None
    for c in range(0x80, 0x110001):
        inside = c <= 0x10FFFF and wanted(c)
        if inside and start is None:
            start = c
        if not inside and start is not None:
            yield start, c - 1
            start = None

def invisible(c):
    u = chr(c)
    if 0xD800 <= c <= 0xDFFF:
        return False
    if unicodedata.category(u) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
        return True
    if c & 0xFFFE == 0xFFFE or 0xFDD0 <= c <= 0xFDEF:
        return True
    return c in (0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x034F) or 0xFE00 <= c <= 0xFE0F or 0xE0100 <= c <= 0xE01EF

def table(name, kind, wanted):
    rows = ["{0x%x, 0x%x}" % r for r in ranges(wanted)]
    lines, line = [], "\t"
    for row in rows:
        if len(line) + len(row) > 100:
            lines.append(line)
            line = "\t"
        line += row + ", "
    lines.append(line)
    return "static const struct range %s[] = { /* %s */\n%s\n};\n" % (name, kind, "\n".join(l.rstrip() for l in lines))

letters = lambda c: unicodedata.category(chr(c)) in ("Lu", "Ll", "Lt", "Lm", "Lo")
numbers = lambda c: unicodedata.category(chr(c)) in ("Nd", "Nl", "No")
sys.stdout.write("/* Written by tools/unicode_names.py from Unicode %s. */\n" % unicodedata.unidata_version)
sys.stdout.write(table("letters", "category L", letters))
sys.stdout.write(table("numbers", "category N", numbers))
sys.stdout.write(table("invisible", "not in an id", invisible))
