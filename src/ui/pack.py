"""Turn the built page (web/dist) into a C table: path, media type, tag, bytes, bytes compressed.

usage: pack.py DIST OUTPUT DEPFILE. Without a built page the table holds one plain page that says how to get it. What has
not changed is not written, so that nothing is compiled again.
"""
import gzip
import hashlib
import pathlib
import sys

MEDIA = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".txt": "text/plain; charset=utf-8"}
WITHOUT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Cardo</title>
<h1>Cardo</h1>
<p>This program was built without its start page: <code>./dev build</code> builds both.</p>
<ul><li><a href="/ngsi-ld/v1/types">The types of this twin</a><li><a href="/openapi">OpenAPI</a>
<li><a href="/metrics">Metrics</a></ul>
</html>
"""

def path_of(name):
    """/, /api, /docs, /docs/operating, /assets/index-4f1c.js"""
    if not name.endswith(".html"):
        return "/" + name
    stem = name[:-len(".html")]
    return "/" + ("" if stem == "index" else stem.removesuffix("/index"))

def array(name, data):
    rows = ["\t" + "".join(f"{b}," for b in data[i:i + 32]) for i in range(0, len(data), 32)]
    return f"static const unsigned char {name}[] = {{\n" + "\n".join(rows) + "\n};\n"

def files(dist):
    if not (dist / "index.html").exists():
        return [("/", ".html", WITHOUT.encode())]
    names = sorted(p.relative_to(dist).as_posix() for p in dist.rglob("*") if p.is_file())
    found = [(path_of(n), pathlib.PurePath(n).suffix, (dist / n).read_bytes()) for n in names]
    return sorted(found, key=lambda f: f[0].encode())

def main():
    dist, output, depfile = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    arrays, rows = [], []
    for n, (path, suffix, data) in enumerate(files(dist)):
        small = gzip.compress(data, 9, mtime=0)
        small = small if len(small) < len(data) - 200 else b""
        tag = hashlib.sha256(data).hexdigest()[:20]
        arrays.append(array(f"plain_{n}", data))
        if small:
            arrays.append(array(f"gzip_{n}", small))
        gz = f"{{(const char *)gzip_{n}, {len(small)}}}" if small else "{NULL, 0}"
        kind = "true" if path.startswith("/assets/") else "false"
        rows.append(f'\t{{CD_STR_INIT("{path}"), CD_STR_INIT("{MEDIA[suffix]}"), "{tag}", {kind},\n'
                    f"\t\t{{(const char *)plain_{n}, {len(data)}}}, {gz}}},")
    text = ('/* Made by src/ui/pack.py. */\n#include "ui/ui_int.h"\n\n' + "\n".join(arrays) +
            "\nconst struct cd_ui_file cd_ui_files[] = {\n" + "\n".join(rows) + "\n};\n"
            f"const size_t cd_ui_files_n = {len(rows)};\n")
    if not output.exists() or output.read_text() != text:
        output.write_text(text)
    # index.html names every other file by its hash; a page that is built later makes it appear
    needs = [dist / "index.html", *sorted(p for p in dist.rglob("*") if p.is_file())]
    depfile.write_text(f"{output}: " + " ".join(str(p).replace(" ", "\\ ") for p in dict.fromkeys(needs)) + "\n")

main()
