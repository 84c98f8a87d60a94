"""newsapp up: check, prepare, run everything, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from newsapp import ROOT
from newsapp.config import Config, load_config
from newsapp.run import preload
from newsapp.run.checks import check_home, check_ports, check_python, check_socket, home_of
from newsapp.run.conf import supervisor_conf
from newsapp.run.first_start import prepare
from newsapp.run.herald import send_herald
from newsapp.run.locks import end_orphans, lock_home
from newsapp.run.parts import processes
from newsapp.run.terminal import Refusal, say


def up() -> None:
    """Run newsapp until Ctrl-C or SIGTERM. Raises Refusal when it cannot start."""
    started = time.monotonic() - time.process_time()  # what was imported until here took its time too
    home = claim_folder()
    lock = lock_home(home)
    config = load_config()
    check_socket(config)
    say_ended(end_orphans(home / "run"))
    shutil.rmtree(home / "run" / "metrics", ignore_errors=True)  # counters of processes that are gone
    check_ports(config)
    editor = prepare(config)
    conf = write_conf(config)
    send_herald(config, started, editor, lock)
    run(conf, config)


def claim_folder() -> Path:
    """The home, checked; all parts see the same one, wherever this command was given."""
    check_python()
    home = home_of(os.environ)
    check_home(home)
    os.environ["NEWSAPP_HOME"] = str(home)
    os.chdir(ROOT)
    return home


def say_ended(names: list[str]) -> None:
    if names:
        say(f"ended what an earlier start left running: {', '.join(names)}")


def write_conf(config: Config) -> Path:
    conf: Path = config["NEWSAPP_HOME"] / "run" / "supervisord.conf"
    try:
        conf.write_text(supervisor_conf(config, processes(config), ROOT))
    except FileNotFoundError as error:  # no Valkey on this machine
        raise Refusal(str(error)) from error
    return conf


def run(conf: Path, config: Config) -> None:
    from newsapp.run.supervise import supervise

    if preload.is_possible():
        preload.import_all(config)
    try:
        supervise(conf, is_preloaded=preload.is_possible())
    finally:
        end_orphans(config["NEWSAPP_HOME"] / "run")
    say("stopped")
