"""Settings are read strictly: every wrong value is one sentence that names the setting and the cure."""

import copy
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.admin.settings_page import draw_settings
from kiosk.errors import SettingsError
from kiosk.privacy.notice import responsible_lines
from kiosk.privacy.retention import StoredRecord
from kiosk.settings import (
    SETTINGS_FILE,
    Settings,
    check_settings,
    demand_files,
    list_in_force,
    load_settings,
    save_settings,
)

GOOD: dict[str, Any] = {
    "kiosk": {"id": "0f" * 16, "bank_name": "Bank of Utopia", "terminal_name": "Main street 1"},
    "bank": {
        "url": "https://kiosk.bank.example:8443/v1/verdicts",
        "ca": "certificates/ca.pem",
        "client_certificate": "certificates/client.pem",
        "receipt_key": "certificates/receipt.pem",
    },
    "face_camera": {"kind": "usb", "address": "/dev/video0"},
    "document_camera": {"kind": "usb", "address": "/dev/video2", "width": 1920, "height": 1080},
    "vault": {"kind": "passphrase"},
    "privacy": {"controller": "Bank of Utopia, Utopia", "officer": "privacy@bank.example", "authority": "Authority"},
}


def _changed(place: str, value: object) -> dict[str, Any]:
    """Good settings with one value exchanged, or taken away where it is `...`."""
    data = copy.deepcopy(GOOD)
    *tables, name = place.split(".")
    record = data
    for table in tables:
        record = record.setdefault(table, {})
    if value is ...:
        del record[name]
    else:
        record[name] = value
    return data


def _sentence(data: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        check_settings(data, "settings.toml")
    return str(caught.value)


def test_good_settings_are_taken_as_they_are() -> None:
    settings = check_settings(GOOD, "settings.toml")
    assert settings.kiosk_id == b"\x0f" * 16
    assert settings.document_camera.width == 1920
    assert settings.policy.false_match_rate == 1e-4


WRONG = [
    ("kiosk.id", "12", "kiosk.id must be the 32 hexadecimal digits"),
    ("kiosk.id", " " * 32, "kiosk.id must be"),
    ("kiosk.bank_name", "", "kiosk.bank_name must have 1 to 60 characters"),
    ("kiosk.bank_name", "two\nlines", "kiosk.bank_name"),
    ("kiosk.terminal_name", "x" * 61, "kiosk.terminal_name"),
    ("kiosk.terminal_name", 7, "kiosk.terminal_name must be a text in quotes, not a whole number"),
    ("kiosk.demo", "yes", "kiosk.demo must be true or false, not a text in quotes"),
    ("bank.url", "http://bank.example", "bank.url must begin with https://"),
    ("bank.url", "https://", "bank.url must be https://, a host"),
    ("bank.url", "https://clerk:pw@bank.example", "bank.url must hold no user name or password"),
    ("bank.url", "https://clerk@bank.example", "bank.url must hold no user name"),
    ("bank.url", "https://bank.example/?a=b", "bank.url must be https://, a host"),
    ("bank.url", "https://bank.example/#a", "bank.url must be https://, a host"),
    ("bank.url", "https://bank.example:99999/", "bank.url must have a port from 1 to 65535"),
    ("bank.url", "https://bank.example:0", "bank.url must have a port from 1 to 65535"),
    ("bank.url", "https://[::1", "bank.url must be https://, a host"),
    ("bank.url", "https://bank.example/a b", "bank.url must be https://, a host"),
    ("bank.url", "https://bank.example/?", "bank.url must be https://, a host"),
    ("bank.url", "https://bänk.example", "bank.url must be written in ASCII: a host with other letters"),
    ("bank.url", "https://192.168.1.256:9443", "bank.url names 192.168.1.256, which can be no host"),
    ("bank.url", "https://bank..example", "bank.url names bank..example, which can be no host"),
    ("bank.url", "https://xn--zz-9/", "bank.url names xn--zz-9, which can be no host"),
    ("bank.url", "https://bank.example/" + "a" * 2000, "bank.url must have at most 1000 characters"),
    ("bank.url", ..., "bank.url is missing"),
    ("bank.ca", "", "bank.ca must name a file"),
    ("bank.receipt_key", "a\0b", "bank.receipt_key must name a file"),
    ("bank", 3, "bank must be a table of settings, not a whole number"),
    ("bank", ..., "bank is missing"),
    ("bank.receipt_keys", "x", "bank.receipt_keys is no setting; bank.receipt_key may be meant"),
    ("bnak", {}, "bnak is no setting; bank may be meant"),
    ("kiosk.colour", "red", "kiosk.colour is no setting; remove it"),
    ("face_camera.kind", "rtsp", "face_camera.kind must be usb"),
    ("face_camera.kind", "simulated", "face_camera.kind must be usb; other cameras exist in the demo only"),
    ("face_camera.address", "rtsp://10.0.0.1/", "face_camera.address must be a device of this machine"),
    ("face_camera.address", "http:cam", "face_camera.address must be a device of this machine"),
    ("document_camera.address", "/dev/video0", "document_camera.address must be another camera"),
    ("document_camera.address", "/dev//video0", "document_camera.address must be another camera"),
    ("document_camera.address", "/dev/../dev/video0", "document_camera.address must be another camera"),
    ("document_camera.address", " ", "document_camera.address must name a device"),
    ("face_camera.width", 100, "face_camera.width and face_camera.height must lie between"),
    ("document_camera.height", 10**9, "document_camera.width and document_camera.height must lie between"),
    ("face_camera.width", 1280.5, "face_camera.width must be a whole number, not a number"),
    ("face_camera.frames_per_s", float("nan"), "face_camera.frames_per_s must lie between 1 and 120"),
    ("vault.kind", "usb_stick", "vault.kind must be one of tpm, passphrase, dpapi, key_file"),
    ("vault.tpm", "device:/dev/tpm0", "vault.tpm belongs to the kind tpm"),
    ("vault.tpm", "/tmp/library.so", "vault.tpm"),
    ("vault.kind", "key_file", "vault.key_file must name the key file"),
    ("vault.key_file", "k", "vault.key_file must name the key file with the kind key_file"),
    ("policy.false_match_rate", 0.01, "policy.false_match_rate must be 0.001, 0.0001 or 0.00001"),
    ("policy.minimum_age_years", 31, "policy.minimum_age_years must lie between 0 and 30"),
    ("policy.guardian_below_years", 19, "policy.guardian_below_years must lie between 0 and 18"),
    ("policy.guardian_below_years", -1, "policy.guardian_below_years must lie between 0 and 18"),
    ("privacy", ..., "privacy is missing"),
    ("privacy.controller", "", "privacy.controller must have 1 to 160 characters"),
    ("privacy.officer", ["a"], "privacy.officer must be a text in quotes"),
    ("privacy.authority", {"en": "Authority"}, "privacy.authority must be one text, or a table with a text for each"),
    ("privacy.authority", {"en": "Authority", "zh": ""}, "privacy.authority must have 1 to 160 characters"),
    ("retention.application_working_days", 6, "retention.application_working_days: the retention of application must"),
    ("retention.application_working_days", -1, "retention.application_working_days: "),
    ("retention.audit_years", 10, "retention.audit_years: the retention of audit must lie between 1 and the 5 years"),
    ("retention.answer_years", 4, "retention.answer_years: answers must be kept for at least as long"),
    ("retention.face_years", 1, "retention.face_years is no setting"),
    ("collect.without", ["names"], "collect.without: names cannot be left out: the list says that it is required"),
    ("collect.without", ["face_pictures"], "collect.without: face_pictures cannot be left out: each customer decides"),
    ("collect.without", ["fax"], "collect.without: 'fax' is no element"),
    ("collect.without", "phone", "collect.without must be a list"),
    ("policy.patience", 0.5, "policy.patience must lie between 1 and 10"),
    ("policy.patience", float("inf"), "policy.patience must lie between 1 and 10"),
    ("policy.patience", date(2026, 1, 1), "policy.patience must be a number, not"),
    ("screen.width", 1920, "screen.width and screen.height must both be 0"),
    ("face_camera.turns", 4, "face_camera.turns must be 0, 1, 2 or 3 quarter turns"),
    ("document_camera.left", 1.0, "document_camera.left, top, right and bottom must be fractions"),
    ("kiosk.language", "fr", "kiosk.language must be en or zh"),
    ("kiosk.printer", "lp0", "kiosk.printer must be empty or cups:QUEUE"),
    ("kiosk.printer", "cups:-o raw", "kiosk.printer must be empty or cups:QUEUE"),
    ("kiosk.printer", "file:/var/spool/slips", "kiosk.printer must be empty or cups:QUEUE"),
    ("vault.key_file", "a\0b", "vault.key_file must name the key file"),
    ("delivery.warn_count", 0, "delivery.warn_count must lie between 1 and delivery.refuse_count"),
    ("delivery.warn_count", 101, "delivery.warn_count must lie between 1 and delivery.refuse_count"),
    ("delivery.refuse_count", 10_001, "delivery.warn_count must lie between 1 and delivery.refuse_count"),
    ("delivery.warn_hours", 121, "delivery.warn_hours must lie between 1 and the hours of delivery.refuse_days"),
    ("delivery.refuse_days", 31, "delivery.refuse_days must lie between 1 and 30"),
    ("users.courier", "kiosk-courier", "users.desk must be the name of a system user, or UID:GID"),
    ("users", {"desk": "a", "vision": "b", "courier": "b"}, "users.desk, users.vision and users.courier must be three"),
    ("users", {"desk": "a", "vision": "b", "courier": "c d"}, "users.courier must be the name of a system user"),
]


@pytest.mark.parametrize(("place", "value", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_value_is_one_sentence_that_names_the_setting(place: str, value: object, said: str) -> None:
    sentence = _sentence(_changed(place, value))
    assert sentence.startswith(f"settings.toml: {said}")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "`$" not in sentence


def test_a_bank_may_keep_for_less_long_collect_less_and_name_who_answers_in_each_language(tmp_path: Path) -> None:
    data = _changed("retention.application_working_days", 2)
    data["collect"] = {"without": ["phone"]}
    data["privacy"]["controller"] = {"en": "Bank of Utopia", "zh": "乌托邦银行"}
    settings = check_settings(data, "settings.toml")
    held = list_in_force(settings)
    assert held.schedule(UTC).by_record[StoredRecord.APPLICATION].working_days == 2
    assert not held.collects("phone")
    assert responsible_lines(held, "zh")[0] == "个人信息处理者：乌托邦银行"
    save_settings(tmp_path, settings)
    assert load_settings(tmp_path) == settings


def test_a_demo_may_have_other_cameras() -> None:
    data = _changed("kiosk.demo", True)
    data["face_camera"] = {"kind": "simulated", "address": "subject.png"}
    assert check_settings(data, "").face_camera.kind == "simulated"


def test_only_a_demo_may_leave_slips_in_a_folder() -> None:
    data = _changed("kiosk.printer", "file:/tmp/slips")
    data["kiosk"]["demo"] = True
    assert check_settings(data, "").kiosk.printer == "file:/tmp/slips"
    data["kiosk"]["printer"] = "file:slips"
    assert "kiosk.printer" in _sentence(data)


def test_a_camera_under_two_names_is_one_camera(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "video0")
    data = _changed("face_camera.address", str(tmp_path / "video0"))
    data["document_camera"]["address"] = str(tmp_path / "by-id")
    assert "must be another camera" in _sentence(data)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
_places = st.sampled_from(
    [f"{table}.{name}" for table in GOOD for name in [*GOOD[table], "width", "demo", "odd"]]
    + [*GOOD, "policy", "screen", "kiosk.printer", "policy.patience", "screen.width"]
)


def _is_refused_or_settings(data: dict[str, Any]) -> None:
    said = ""
    try:
        assert isinstance(check_settings(data, "settings.toml"), Settings)
    except SettingsError as error:
        said = str(error)
    assert "\n" not in said


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(list(GOOD)), _values, max_size=6))
def test_whatever_is_read_is_settings_or_one_sentence(data: dict[str, Any]) -> None:
    _is_refused_or_settings(data)


@given(_places, _values)
def test_good_settings_with_anything_in_one_place_are_settings_or_one_sentence(place: str, value: Any) -> None:
    _is_refused_or_settings(_changed(place, value))


@given(st.text(max_size=60))
def test_no_address_of_a_bank_raises_anything_but_a_sentence(tail: str) -> None:
    _is_refused_or_settings(_changed("bank.url", f"https://{tail}"))


@given(st.binary(max_size=200))
def test_no_file_raises_anything_but_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("kiosk")
    (folder / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(SettingsError):
        load_settings(folder)


@pytest.mark.parametrize("content", ["a = " + "9" * 5000, "a = " + "[" * 5000, "[kiosk\n", "a = 1\na = 2"])
def test_toml_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / SETTINGS_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="is no TOML"):
        load_settings(tmp_path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    save_settings(tmp_path, check_settings(GOOD, ""))
    file = tmp_path / SETTINGS_FILE
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load_settings(tmp_path) == check_settings(GOOD, "")


def test_the_line_that_is_not_in_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes('[kiosk]\nbank_name = "银行"\n'.encode() + b'terminal = "\xd6"\n')
    with pytest.raises(SettingsError, match="line 3 is not in UTF-8"):
        load_settings(tmp_path)


def test_a_folder_without_settings_names_setup(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SettingsError, match="kiosk setup"):
            load_settings(folder)


def test_what_was_saved_is_read_again_and_is_the_owners_alone(tmp_path: Path) -> None:
    settings = check_settings(GOOD, "")
    save_settings(tmp_path, settings)
    assert load_settings(tmp_path) == settings
    assert (tmp_path / SETTINGS_FILE).stat().st_mode & 0o777 == 0o600


def test_files_that_are_not_there_are_named_with_their_setting(tmp_path: Path) -> None:
    settings = check_settings(_changed("kiosk.language", "zh"), "")
    (tmp_path / "certificates").mkdir()
    for name, file in (
        ("bank.ca", "ca.pem"),
        ("bank.client_certificate", "client.pem"),
        ("bank.receipt_key", "receipt.pem"),
    ):
        with pytest.raises(SettingsError, match=rf"{name} names .*{file}, which is not there"):
            demand_files(tmp_path, settings)
        (tmp_path / "certificates" / file).touch()
    demand_files(tmp_path, settings)


def test_the_page_of_settings_is_what_the_code_draws(repository: Path) -> None:
    page = (repository / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == draw_settings(), "run: python -m kiosk.admin.settings_page > docs/settings.md"


def test_the_page_of_settings_explains_every_setting() -> None:
    page = draw_settings()
    for table, names in {**{t: list(GOOD[t]) for t in GOOD}, "policy": ["patience"], "screen": ["width"]}.items():
        assert f"## `[{table}]`" in page
        for name in names:
            assert f"| `{name}` |" in page
    assert "| |" not in page, "a setting without a word of explanation"
