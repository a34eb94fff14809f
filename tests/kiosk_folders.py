"""What `kiosk setup` needs, made by tests: a bank's papers and the options that name them."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import make_receiver_folder, private_key_pem
from kiosk.cli import main

PASSPHRASE = "correct horse battery"
PIN = "271828"


@dataclass
class Papers:
    """Files of a bank and of the one who installs, in one folder."""

    folder: Path
    ca: Path = field(init=False)
    receipt_key: Path = field(init=False)
    client_certificate: Path = field(init=False)
    client_key: Path = field(init=False)

    def __post_init__(self) -> None:
        bank = make_receiver_folder(self.folder / "bank")
        self.ca, self.receipt_key = bank.ca, bank.receipt_public_key
        self.client_certificate, self.client_key = bank.client, bank.client_key
        self.server_certificate = bank.server
        self.passphrase = self.write("passphrase", PASSPHRASE + "\n")
        self.pin = self.write("pin", PIN + "\n")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def other_key(self) -> Path:
        """A key of the wrong kind."""
        return self.write("ed25519-key.pem", private_key_pem(Ed25519PrivateKey.generate()))

    def options(self, folder: Path, **changed: object) -> list[str]:
        """Words for `kiosk setup`; None leaves an option out."""
        options = {
            "folder": folder,
            "bank_name": "Bank of Utopia",
            "terminal_name": "Main street 1",
            "controller": "Bank of Utopia, 1 Bank Street, Utopia",
            "officer": "privacy@bank.example",
            "authority": "Data Protection Authority of Utopia",
            "bank_url": "https://127.0.0.1:9443",
            "ca": self.ca,
            "receipt_key": self.receipt_key,
            "client_certificate": self.client_certificate,
            "client_key": self.client_key,
            "face_camera": "/dev/no-face-camera",
            "document_camera": "/dev/no-document-camera",
            "passphrase_file": self.passphrase,
            "teller": "1042",
            "teller_name": "A. Teller",
            "pin_file": self.pin,
        } | changed
        given = {name: value for name, value in options.items() if value is not None}
        return [
            "setup", *(word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value)))
        ]  # fmt: skip

    def set_up(self, folder: Path, **changed: object) -> Path:
        """Set a kiosk up and return its folder."""
        assert main(self.options(folder, **changed)) == 0
        return folder
