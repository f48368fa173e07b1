from pathlib import Path


def check_template(d: Path) -> None: ...
