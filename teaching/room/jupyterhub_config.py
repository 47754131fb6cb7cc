"""JupyterHub for a room of learners on one machine. ``python -m teaching.room`` starts it.

Two rooms, told apart by $ROOM_CLASS:

to try it out   one shared password; every server is a process of whoever started the room. Nothing
                separates the learners from each other or from you, so it listens on this machine only.
for a class     every learner has an account on this machine (PAM, the hub's standard) and a home that
                only they can read; systemd, where it runs, holds each to their memory and processor.

Nothing secret stands here: passwords of the try-out arrive in the environment, made anew at each start.
"""

import os
import socket
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub has it ready for this file

COURSE = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ["ROOM_FOLDER"])  # database, log, exchange; in a try-out the homes too
CLASS = os.environ.get("ROOM_CLASS") == "1"

MEMORY = 1024**3  # bytes a learner: the largest lesson's kernel (660 MB) beside its server (130 MB)
NEEDED = 800 * 1024**2  # bytes a learner really takes in the largest lesson
SPARE = 2 * 1024**3  # bytes for the system and the hub
PROCESSES = 200  # a learner, threads included: a kernel and JupyterLab have about thirty


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


# Where it listens. Hub and proxy talk to each other on this machine only.

c.JupyterHub.bind_url = os.environ["ROOM_ADDRESS"]
c.JupyterHub.ssl_cert = os.environ.get("ROOM_CERTIFICATE", "")
c.JupyterHub.ssl_key = os.environ.get("ROOM_KEY", "")
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.command = [os.environ["ROOM_PROXY"]]
c.ConfigurableHTTPProxy.pid_file = str(FOLDER / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{FOLDER / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(FOLDER / "cookie_secret")


def existing(*groups: str) -> set[str]:
    """Those that this machine has: the hub stumbles over a name that it does not find."""
    import grp

    return {name for name in groups if name in {group.gr_name for group in grp.getgrall()}}


# Who may enter

c.Authenticator.username_pattern = r"[a-z][a-z0-9_-]{0,30}\Z"  # also the name of a home: no dots, no slashes
if CLASS:
    c.JupyterHub.authenticator_class = "pam"
    c.PAMAuthenticator.allowed_groups = existing("learners")
    c.PAMAuthenticator.admin_groups = existing("sudo", "wheel")  # who may administer the machine, may the hub
else:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.allow_all = True
    c.SharedPasswordAuthenticator.user_password = os.environ["ROOM_PASSWORD"]
    c.SharedPasswordAuthenticator.admin_users = {"teacher"}
    c.SharedPasswordAuthenticator.admin_password = os.environ["ROOM_TEACHER_PASSWORD"]

# What starts for each of them

c.Spawner.cmd = [sys.executable, str(Path(__file__).with_name("learner.py"))]
c.Spawner.default_url = "/lab/tree/my_lessons/00_start_here.ipynb"
c.Spawner.environment = {
    # One thread for each kernel: the digits of the text, and no fight over the cores.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "COURSE_CLASS": "1",  # the teacher shows solutions, not .solution()
    # No question about news; where nbgrader's exchange is; kernels that nobody looks at end.
    "JUPYTER_CONFIG_PATH": os.pathsep.join(
        [str(FOLDER / "config"), str(COURSE / "course_utils" / "jupyter")]
    ),
}
c.Spawner.args = [] if CLASS or os.geteuid() != 0 else ["--allow-root"]
c.Spawner.mem_limit = MEMORY
# Twenty learners who come at the same moment start at the pace of two cores: that is no failure.
c.Spawner.start_timeout = 600
c.Spawner.http_timeout = 600
if CLASS:
    c.Spawner.environment["PROCESSES_LIMIT"] = str(PROCESSES)
if CLASS and Path("/run/systemd/system").is_dir():
    c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
    c.SystemdSpawner.cpu_limit = 1.0  # one core: a kernel has one thread
    c.SystemdSpawner.isolate_tmp = True
    c.SystemdSpawner.isolate_devices = True
    c.SystemdSpawner.disable_user_sudo = True
    c.SystemdSpawner.unit_extra_properties = {"MemorySwapMax": "0", "TasksMax": str(PROCESSES)}
elif CLASS:  # a container, say: each server is still its learner's own, with limits for each process
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
else:
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(FOLDER / "homes" / "{username}")

# One learner too many gets a page that says so, where otherwise everybody's kernels would die.
if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    c.JupyterHub.active_server_limit = max(1, (installed - SPARE) // NEEDED)

# Who leaves without logging out, loses the server after an hour, never a file.

c.JupyterHub.services = [
    {"name": "cull-idle", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
c.JupyterHub.load_roles = [
    {
        "name": "cull-idle",
        "services": ["cull-idle"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
c.JupyterHub.cleanup_servers = True  # stopping the room stops all servers
