"""Children are told what they need of the environment, and nothing else."""

from kiosk.runtime.child_environment import child_environment

OF_A_TERMINAL = {
    "PATH": "/usr/bin",
    "HOME": "/var/lib/kiosk",
    "LC_ALL": "C.UTF-8",
    "TZ": "Asia/Shanghai",
    "OMP_NUM_THREADS": "1",
    "DISPLAY": ":0",
    "WAYLAND_DISPLAY": "wayland-0",
    "XDG_RUNTIME_DIR": "/run/user/1000",
    "QT_QPA_PLATFORM": "offscreen",
    "CREDENTIALS_DIRECTORY": "/run/credentials/kiosk.service",
    "https_proxy": "http://proxy",
    "ALL_PROXY": "http://proxy",
    "SSL_CERT_FILE": "/tmp/other.pem",
    "SSLKEYLOGFILE": "/tmp/keys",
    "LD_PRELOAD": "/tmp/other.so",
    "HOSTALIASES": "/tmp/hosts",
    "SSH_AUTH_SOCK": "/tmp/agent",
}


def test_the_courier_learns_of_no_proxy_credential_or_other_certificate() -> None:
    told = child_environment("courier", OF_A_TERMINAL)
    assert set(told) == {"PATH", "HOME", "LC_ALL", "TZ", "OMP_NUM_THREADS", "ORT_DISABLE_TELEMETRY"}


def test_desk_learns_of_the_display_too() -> None:
    told = child_environment("desk", OF_A_TERMINAL)
    of_the_display = {"DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "QT_QPA_PLATFORM"}
    what_makes_it_forget = {"PYTHONMALLOC", "GLIBC_TUNABLES"}
    assert set(told) - set(child_environment("eyes", OF_A_TERMINAL)) == of_the_display | what_makes_it_forget


def test_the_telemetry_of_a_library_is_off_whatever_is_set() -> None:
    for role in ("desk", "eyes", "reader", "courier"):
        assert child_environment(role, {"ORT_DISABLE_TELEMETRY": "0"})["ORT_DISABLE_TELEMETRY"] == "1"


def test_a_child_that_runs_as_another_user_learns_its_own_home_and_nobody_elses_name() -> None:
    known = child_environment("desk", {"HOME": "/root", "USER": "root", "PATH": "/bin"}, home="/var/lib/kiosk-desk")
    assert known["HOME"] == "/var/lib/kiosk-desk"
    assert "USER" not in known
