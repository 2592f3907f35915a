"""The JSON reader and writer against Python's, on documents nobody thought of.

Usage: json_property.py PATH-OF-JSON_ECHO [EXAMPLES]. Python's json is made as strict as RFC 8259 is: no NaN, no second
member of a name, no halves of surrogate pairs, UTF-8 only. Numbers are compared as text: nothing may be lost.
"""
import json
import re
import subprocess
import sys

from hypothesis import HealthCheck, example, given, settings, strategies as st

echo = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class Number(str):
    """A number as it was written; unequal to a string of the same text."""

    def __eq__(self, other):
        return isinstance(other, Number) and str(self) == str(other)

    __hash__ = str.__hash__


def ask(document: bytes):
    echo.stdin.write(b"%d\n%s" % (len(document), document))
    echo.stdin.flush()
    line = echo.stdout.readline()
    assert line, "the reader died on %r" % document
    code, n = map(int, line.split())
    return code, echo.stdout.read(n)


def members(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("twice the same member")
    return dict(pairs)


def refuse(name):
    raise ValueError(name)


def python_reads(document: bytes):
    value = json.loads(document.decode("utf-8"), object_pairs_hook=members, parse_constant=refuse, parse_int=Number,
                       parse_float=Number)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair has no UTF-8
    return value


def agree(document: bytes):
    try:
        want = python_reads(document)
    except ValueError:
        want = ValueError
    code, text = ask(document)
    assert (code == 0) == (want is not ValueError), (document, code, text)
    if code == 0:
        assert python_reads(text) == want, (document, text)
        assert ask(text) == (0, text), (document, text)  # written once, it stays as it is
        blanks = re.sub(rb'"(\\.|[^"\\])*"', b"", text)
        assert not re.search(rb"\s", blanks), text


number = st.one_of(
    st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,6})?", fullmatch=True).filter(
        lambda s: s.isascii() and not s.endswith("\n")))
blank = st.text(" \t\r\n", max_size=3)
plain = st.text(max_size=12)


def escaped(text, ways):
    """One spelling of a string: each character as itself or as \\uXXXX."""
    out = []
    for i, c in enumerate(text):
        if ways[i % len(ways)] or c in '"\\' or c < " ":
            units = c.encode("utf-16-be", "surrogatepass")
            out += ["\\u%02x%02x" % (units[k], units[k + 1]) for k in range(0, len(units), 2)]
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


string = st.builds(escaped, plain, st.lists(st.booleans(), min_size=1, max_size=4))


def listed(items, brackets):
    return st.builds(lambda xs, a, b: brackets[0] + a + ("," + b).join(xs) + brackets[1], st.lists(items, max_size=20), blank,
                     blank)


def containers(inner):
    member = st.builds(lambda name, a, b, v: name + a + ":" + b + v, string, blank, blank, inner)
    return listed(inner, "[]") | listed(member, "{}")


document = st.builds(lambda a, v, b: a + v + b, blank,
                     st.recursive(st.sampled_from(["null", "true", "false"]) | number | string, containers, max_leaves=30),
                     blank).map(lambda s: s.encode("utf-8", "surrogatepass"))
plenty = settings(max_examples=int(sys.argv[2]) if len(sys.argv) > 2 else 400, deadline=None, derandomize=True, database=None,
                  suppress_health_check=list(HealthCheck))


@plenty
@given(document)
@example(b"[1E400,-0,12345678901234567890123]")
def documents(text):
    agree(text)


@plenty
@given(document, st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from("ridt"), st.integers(0, 255)), min_size=1, max_size=3))
def documents_with_faults(text, faults):
    for where, what, byte in faults:
        at = where % (len(text) + 1)
        if what == "r":  # replaced
            text = text[:at] + bytes([byte]) + text[at + 1:]
        elif what == "i":  # something put in
            text = text[:at] + b'[]{},:"\\0-1eutfn \x00'[byte % 19:byte % 19 + 1] + text[at:]
        elif what == "d":  # left out
            text = text[:at] + text[at + 1:]
        else:  # cut
            text = text[:at]
    agree(text)


@plenty
@given(st.binary(max_size=200))
def any_bytes(text):
    agree(text)


for test in (documents, documents_with_faults, any_bytes):
    test()
    print("ok", test.__name__)
echo.stdin.close()
sys.exit(echo.wait(10))
