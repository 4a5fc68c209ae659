"""Take a picture of each view of the web page, light and dark, on a phone and on a desk.

Usage: python tests/screenshots.py FOLDER
"""

import sys
import tempfile
from pathlib import Path

from browser import launched
from conftest import ROOT, serving
from pages import VIEWS, person, scene

SIZES = {"phone": (390, 844), "desk": (1280, 800), "small": (320, 640)}


def take(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        database = Path(temporary) / "todo.db"
        settings = {"DATABASE_URL": f"sqlite:///{database}", "WORKERS": 1}
        with (
            serving(Path(temporary) / "log", "--with-sample", **settings) as live,
            launched(ROOT / ".venv" / "chromium") as browser,
        ):
            scene(live.url, settings)
            for size, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    options = {"color_scheme": scheme, "locale": "en-GB"}
                    options["viewport"] = {"width": width, "height": height}
                    with person(browser, live.url, "alice", **options) as alice:
                        for view, visit in VIEWS.items():
                            visit(alice)
                            alice.page.wait_for_timeout(300)
                            path = folder / f"{view}-{scheme}-{size}.png"
                            alice.page.screenshot(path=path, full_page=size == "phone")
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
