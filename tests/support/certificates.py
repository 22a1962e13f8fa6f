"""TLS certificates for servers on loopback: signed by themselves, or by a campus's authority."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed(folder: Path, name: str = "127.0.0.1") -> Path:
    """Write a certificate for an address or host name, and its key, into one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer.example")])
    signed = (
        _valid(subject, subject, key)
        .add_extension(x509.SubjectAlternativeName([_general_name(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(_private(key) + signed.public_bytes(serialization.Encoding.PEM))
    return file


def campus_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """Write the certificate of an authority, and one for a host name with its key.

    Neither has key identifiers, as a campus's own authority often leaves them out.
    """
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Campus")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    root = _valid(authority, authority, authority_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    signed = _valid(authority, subject, key).add_extension(
        x509.SubjectAlternativeName([_general_name(name)]), critical=False
    )
    pem = serialization.Encoding.PEM
    trusted, served = folder / "authority.pem", folder / "served.pem"
    trusted.write_bytes(root.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    served.write_bytes(
        _private(key) + signed.sign(authority_key, hashes.SHA256()).public_bytes(pem)
    )
    return trusted, served


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the context of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def trusting_context(certificate: Path) -> ssl.SSLContext:
    """Return the context of a client that trusts this certificate alone."""
    return ssl.create_default_context(cafile=str(certificate))


def _valid(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """Return a certificate of this key that is valid for a day."""
    now, day = datetime.now(UTC), timedelta(days=1)
    number = x509.random_serial_number()
    return x509.CertificateBuilder(issuer, subject, key.public_key(), number, now - day, now + day)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, plain)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
