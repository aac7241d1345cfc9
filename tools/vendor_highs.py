"""Put one copy of HiGHS for browsers into the book: its script and its program in one file.

Usage: vendor_highs.py VERSION. Needs npm. A page that is opened from a folder can fetch nothing, so
the program (WebAssembly) stands in the script, compressed and as text. What was taken, with
checksums, is written beside it.
"""

import argparse
import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "book/_static/highs"
PACKAGE = "highs"
TAKEN = ("build/highs.js", "build/highs.wasm", "LICENSE", "package.json")


def packed(version: str, folder: Path) -> dict[str, bytes]:
    """The files that are taken from the package of this version."""
    command = ["npm", "pack", "--silent", f"{PACKAGE}@{version}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        return {name: archive.extractfile(f"package/{name}").read() for name in TAKEN}


def script(files: dict[str, bytes]) -> str:
    """One classic script: it sets window.loadHighs, which gives the solver when it is ready."""
    about = json.loads(files["package.json"])
    program = base64.b64encode(gzip.compress(files["build/highs.wasm"], 9, mtime=0)).decode()
    code = files["build/highs.js"].decode()
    return f"""// {PACKAGE} {about["version"]}, {about["license"]} licence: see LICENSE here.
// Made by tools/vendor_highs.py from the package of that name; not to be edited.
(() => {{
{code}
const program = "{program}";
const unpacked = async () => {{
  const bytes = Uint8Array.from(atob(program), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}};
// the loader of this build would fetch its program, which a page from a folder may not
const instantiateWasm = (imports, done) => {{
  unpacked()
    .then((bytes) => WebAssembly.instantiate(bytes, imports))
    .then(({{ instance }}) => done(instance));
  return {{}};
}};
let highs;
globalThis.loadHighs = () => (highs ??= Module({{ instantiateWasm }}));
}})();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    version = parser.parse_args().version
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit(f"version: found {version!r}; allowed: three numbers, as 1.15.3")
    with tempfile.TemporaryDirectory() as folder:
        files = packed(version, Path(folder))
    TARGET.mkdir(parents=True, exist_ok=True)
    text = script(files)
    (TARGET / "highs.js").write_text(text, encoding="utf-8")
    (TARGET / "LICENSE").write_bytes(files["LICENSE"])
    about = json.loads(files["package.json"])
    record = {
        "name": PACKAGE,
        "version": version,
        "licence": about["license"],
        "renewed by": f"python tools/vendor_highs.py {version}",
        "sha256": {
            **{name: hashlib.sha256(files[name]).hexdigest() for name in TAKEN[:2]},
            "highs.js": hashlib.sha256(text.encode()).hexdigest(),
        },
    }
    (TARGET / "about.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
