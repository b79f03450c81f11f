#!/usr/bin/env python3
"""Run every step of config/Dockerfile without Docker, then the switch and its health check.

    sudo .ci/try_dockerfile.py [ROOT]        # a new folder; some minutes, and a gigabyte

A fresh root is made by debootstrap, in the place of the image that FROM names; each instruction is
carried out in it as Docker would, and a mistake ends the script. Then CMD runs as USER in a network
of its own, HEALTHCHECK has to succeed, a call is made, and SIGTERM has to end it with exit code 0.
ROOT/base is kept for the next time. Needs root, debootstrap and unshare.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

CONTEXT = Path(__file__).resolve().parents[1]
DOCKERFILE = CONTEXT / "config/Dockerfile"
MIRROR = "http://deb.debian.org/debian"
HEALTHY_WITHIN = 30.0
DEVICES = ("null", "zero", "full", "random", "urandom")
TO_REACH_REGISTRIES = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
REACHING = ("http_proxy", "https_proxy", "no_proxy", "PIP_CERT", "PIP_INDEX_URL", "SSL_CERT_FILE")
"What this machine needs to reach registries of packages: files, and variables."


@dataclass
class Image:
    """What the instructions have made so far."""

    root: Path
    folder: str = "/"
    user: str = "root"
    environment: dict[str, str] = field(
        default_factory=lambda: {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        }
    )
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def inside(self, arguments: list[str], *, user: str = "", reaching: bool = False) -> list[str]:
        """The command line that runs a program in the root, as the user, with its variables."""
        passed = [f"{name}={value}" for name, value in self.environment.items()]
        if reaching:
            passed += [f"{name}={os.environ[name]}" for name in REACHING if name in os.environ]
        there = f"cd {shlex.quote(self.folder)} && exec {shlex.join(arguments)}"
        as_user = f"--userspec={user or self.user}"
        return ["chroot", as_user, str(self.root), "/usr/bin/env", "-i", *passed, "sh", "-c", there]

    def path(self, name: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.root / str(PurePosixPath(self.folder) / name).lstrip("/")


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions, without comments, each on one line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (name.upper(), rest.strip())
        for name, _, rest in (line.strip().partition(" ") for line in joined.splitlines())
        if name
    ]


def is_ignored(name: str) -> bool:
    """Whether .dockerignore names a file of the context, or a folder that it is in."""
    parts = PurePosixPath(name)
    above = [str(parts), *map(str, parts.parents)]
    for pattern in (CONTEXT / ".dockerignore").read_text().split():
        own = pattern.removeprefix("**/")
        for each in above:
            if fnmatch.fnmatch(each, own) or (own != pattern and PurePosixPath(each).name == own):
                return True
    return False


def run(arguments: list[str]) -> None:
    subprocess.run(arguments, check=True)


def make_base(base: Path, image: str) -> None:
    """The root that FROM stands for, where it has not been made before."""
    suite = re.fullmatch(r"debian:(\w+)-slim", image)
    if suite is None:
        raise SystemExit(f"FROM {image}: expected debian:SUITE-slim, which debootstrap can make")
    if not (base / "made").exists():
        shutil.rmtree(base, ignore_errors=True)
        run(["debootstrap", "--variant=minbase", suite[1], str(base / "root"), MIRROR])
        (base / "made").touch()


def mount(root: Path) -> None:
    """What programs expect: processes, and harmless devices. They vanish with this namespace."""
    run(["mount", "-t", "proc", "proc", str(root / "proc")])
    for name in DEVICES:
        device = root / "dev" / name
        device.unlink(missing_ok=True)
        device.touch()
        run(["mount", "--bind", f"/dev/{name}", str(device)])
    (root / "dev/shm").mkdir(exist_ok=True)
    run(["mount", "-t", "tmpfs", "tmpfs", str(root / "dev/shm")])


def reach_registries(root: Path) -> None:
    """Before each RUN: one that installs certificates replaces those of this machine."""
    for name in TO_REACH_REGISTRIES:
        if Path(name).exists():
            there = root / name.lstrip("/")
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, there)


def copy(image: Image, rest: str) -> None:
    """COPY: files by their name; of a folder what is in it."""
    *sources, target = shlex.split(rest)
    into = image.path(target)
    for source in sources:
        origin = CONTEXT / source
        files = [origin] if origin.is_file() else list(origin.rglob("*"))
        for file in files:
            if (file.is_dir() and not file.is_symlink()) or is_ignored(
                str(file.relative_to(CONTEXT))
            ):
                continue
            name = file.name if origin.is_file() else str(file.relative_to(origin))
            one = origin.is_file() and len(sources) == 1 and not target.endswith("/")
            copied = into if one else into / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copied, follow_symlinks=False)


def carry_out(image: Image, name: str, rest: str) -> None:
    """One instruction after FROM."""
    match name:
        case "RUN":
            reach_registries(image.root)
            run(image.inside(["sh", "-c", rest], reaching=True))
        case "COPY":
            copy(image, rest)
        case "WORKDIR":
            image.folder = str(PurePosixPath(image.folder) / rest)
            image.path("").mkdir(parents=True, exist_ok=True)
        case "ENV":
            image.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        case "USER":
            image.user = rest
        case "HEALTHCHECK":
            image.health = json.loads(rest.partition("CMD ")[2])
        case "CMD":
            image.command = json.loads(rest)
        case "VOLUME" | "EXPOSE" | "STOPSIGNAL":
            pass
        case _:
            raise SystemExit(f"{name}: this script does not know the instruction")


def try_out(image: Image) -> None:
    """Run the switch until it is healthy, look who it is, call, and end it."""
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    with subprocess.Popen([*alone, *image.inside(image.command)]) as switch:
        try:
            until_healthy(image, switch)
            status = Path(f"/proc/{switch.pid}/status").read_text()
            user = re.search(r"(?m)^Uid:\s+(\d+)", status)
            if user is None or user[1] == "0":
                raise SystemExit("the switch runs as root")
            print(f"healthy, as user {user[1]}", flush=True)
            run(image.inside(["softswitch", "demo"]))
        finally:
            switch.send_signal(signal.SIGTERM)
            code = switch.wait(30)
    if code:
        raise SystemExit(f"SIGTERM ended it with exit code {code}")
    mode = image.path("data/passwords.json").stat().st_mode & 0o777
    if mode != 0o600:
        raise SystemExit(f"data/passwords.json has mode {mode:o}")


def until_healthy(image: Image, switch: subprocess.Popen[bytes]) -> None:
    check = ["nsenter", "--net", "--target", str(switch.pid), *image.inside(image.health)]
    deadline = time.monotonic() + HEALTHY_WITHIN
    while subprocess.run(check, capture_output=True, check=False).returncode:
        if time.monotonic() > deadline or switch.poll() is not None:
            raise SystemExit(f"HEALTHCHECK did not succeed within {HEALTHY_WITHIN:.0f} s")
        time.sleep(0.5)


def main() -> None:
    """All of it, in a namespace of mounts of its own."""
    if os.environ.get("TRY_DOCKERFILE") != "apart":
        os.environ["TRY_DOCKERFILE"] = "apart"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="softswitch-root-"))
    (_, image_name), *steps = instructions(DOCKERFILE.read_text())
    make_base(place / "base", image_name)
    root = place / "root"
    shutil.rmtree(root, ignore_errors=True)
    run(["cp", "-a", str(place / "base/root"), str(root)])
    mount(root)
    image = Image(root)
    for name, rest in steps:
        print(f"{name} {rest}", flush=True)
        carry_out(image, name, rest)
    try_out(image)
    print("every step of the Dockerfile ran, and the switch that it made", flush=True)


if __name__ == "__main__":
    main()
