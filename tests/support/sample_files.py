"""Files of each type as programs make them, and files that pretend to have another type."""

import io
import json
import struct
import zipfile
from typing import Any, Final

from chalicelib.files.models import FileType
from local.malware_scan import EICAR_TEST_STRING
from tests.support.sample_images import camera_metadata, make_image

FHIR_PATIENT: Final = {
    "resourceType": "Patient",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A patient</div>'},
    "birthDate": "1970-01-01",
}
HTML: Final = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
RAR: Final = b"Rar!\x1a\x07\x01\x00"
SEVEN_ZIP: Final = b"7z\xbc\xaf\x27\x1c\x00\x04"
SVG: Final = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def make_pdf(text: str = "Blood test", *, version: str = "1.7", first_object: bytes = b"") -> bytes:
    """Return a document of one page with a cross-reference table. `first_object` is the content of a further object."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode("latin-1")
    objects = [
        first_object or b"<< /Producer (tests) >>",
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 3 0 R /MediaBox [0 0 612 792] /Contents 5 0 R"
        b" /Resources << /Font << /F1 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, offsets = f"%PDF-{version}\n%".encode() + b"\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return content + b"trailer\n<< /Size %d /Root 2 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def _dicom_element(group: int, element: int, representation: bytes, value: bytes) -> bytes:
    """Return a data element with explicit representation and a value of even length (DICOM PS3.5 7.1.2)."""
    padded = value + (b"\x00" if representation == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", group, element, representation, len(padded)) + padded


def make_dicom(preamble: bytes = bytes(128)) -> bytes:
    """Return a file with meta information and a small data set (DICOM PS3.10 7.1)."""
    meta = b"".join(
        [
            struct.pack("<HH2sHI", 2, 1, b"OB", 0, 2) + b"\x00\x01",
            _dicom_element(2, 2, b"UI", b"1.2.840.10008.5.1.4.1.1.7"),
            _dicom_element(2, 3, b"UI", b"1.2.3.4"),
            _dicom_element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1"),
            _dicom_element(2, 0x12, b"UI", b"1.2.3.5"),
        ]
    )
    length = _dicom_element(2, 0, b"UL", struct.pack("<I", len(meta)))
    data = _dicom_element(8, 0x60, b"CS", b"OT") + _dicom_element(0x10, 0x20, b"LO", b"12345")
    return preamble + b"DICM" + length + meta + data


def make_encapsulated_pdf() -> bytes:
    """Return a DICOM file with a PDF in one of its elements (DICOM PS3.3 A.45.1)."""
    document = make_pdf()
    document += b"\x00" * (len(document) % 2)
    return make_dicom() + struct.pack("<HH2sHI", 0x42, 0x11, b"OB", 0, len(document)) + document


def make_zip() -> bytes:
    """Return an archive that contains a program."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("run.exe", b"MZ")
    return stream.getvalue()


def make_zip_end(*, entries: int = 1, size: int = 0, offset: int = 0) -> bytes:
    """Return the end record of an archive (APPNOTE 4.3.16). `size` and `offset` of its directory are in bytes."""
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, size, offset, 0)


def make_zip64_end(disks: int = 1) -> bytes:
    """Return the locator of a ZIP64 end record (APPNOTE 4.3.15), and the end record after it."""
    locator = struct.pack("<4sLQL", b"PK\x06\x07", disks - 1, 0, disks)
    return locator + make_zip_end(entries=0xFFFF, size=0xFFFFFFFF, offset=0xFFFFFFFF)


def make_zip_with_gap(before: bytes) -> bytes:
    """Return a file and an archive after it, whose directory is found only by its offset from the start of the file."""
    stream = io.BytesIO(before)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("run.exe", b"MZ")
    content = stream.getvalue()
    end = content.rindex(b"PK\x05\x06")
    return content[:end] + bytes(16) + content[end:]


def make_jpeg_with_comment(comment: bytes) -> bytes:
    """Return an image with a comment directly after its first marker."""
    image = make_image("image/jpeg")
    return image[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + image[2:]


def make_fhir(**fields: Any) -> bytes:
    """Return a resource as JSON."""
    return json.dumps({**FHIR_PATIENT, **fields}, ensure_ascii=False).encode()


# Each is valid, by its type and a description.
VALID_FILES: Final[dict[tuple[FileType, str], bytes]] = {
    (FileType.PDF, "1.7"): make_pdf(),
    (FileType.PDF, "1.4"): make_pdf(version="1.4"),
    (FileType.PDF, "2.0"): make_pdf(version="2.0"),
    (FileType.PDF, "with a later revision"): make_pdf() + b"7 0 obj\n<< >>\nendobj\nstartxref\n0\n%%EOF",
    (FileType.PDF, "with metadata"): make_pdf(
        first_object=b'<< /Type /Metadata >>\nstream\n<?xpacket begin=""?><x:xmpmeta xmlns:x="a"/>\nendstream'
    ),
    (FileType.JPEG, "plain"): make_image("image/jpeg"),
    (FileType.JPEG, "with a camera's metadata"): make_image("image/jpeg", **camera_metadata()),
    (FileType.JPEG, "with data after the end"): make_image("image/jpeg") + bytes(64),
    (FileType.JPEG, "progressive"): make_image("image/jpeg", progressive=True),
    (FileType.PNG, "plain"): make_image("image/png"),
    (FileType.PNG, "with a camera's metadata"): make_image("image/png", **camera_metadata()),
    (FileType.WEBP, "lossy"): make_image("image/webp"),
    (FileType.WEBP, "lossless"): make_image("image/webp", lossless=True),
    (FileType.WEBP, "with a camera's metadata"): make_image("image/webp", **camera_metadata()),
    (FileType.JPEG, "with an end record of an empty archive"): make_jpeg_with_comment(make_zip_end(entries=0)),
    (FileType.JPEG, "with an end record without a directory"): make_jpeg_with_comment(bytes(9) + make_zip_end(size=9)),
    (FileType.JPEG, "with an end record of a missing directory"): make_jpeg_with_comment(make_zip_end(size=2**31)),
    (FileType.DICOM, "with an encapsulated document"): make_encapsulated_pdf(),
    (FileType.TEXT, "ASCII"): b"Hemoglobin: 13.5 g/dl\n",
    (FileType.TEXT, "with a comparison"): b"CRP < 5 mg/l, BMI < body mass, RR <header>\tb\x0cc\r\n",
    (FileType.TEXT, "with names in angle brackets"): b"a < b\n<p53 gene>, <A> and <p>: see <b>results</b>\n",
    (FileType.TEXT, "beginning with a bracket"): b"<5 mg/l, <p53 gene>, <a",
    (FileType.TEXT, "about PDF files"): b"A PDF file begins with %PDF-1.7.\n",
    (FileType.TEXT, "other scripts"): "রক্ত পরীক্ষা\nдавление 120/80\n血圧\n🩺\n".encode(),
    (FileType.TEXT, "with a byte order mark"): "\ufeffHämoglobin".encode(),
    (FileType.CSV, "with semicolons"): b'"Date";"Value"\r\n"2026-11-29";"<5"\r\n',
    (FileType.CSV, "one value"): b"1",
    (FileType.DICOM, "empty preamble"): make_dicom(),
    (FileType.DICOM, "with the header of a TIFF file"): make_dicom(b"II*\x00" + bytes(124)),
    (FileType.FHIR_JSON, "with a narrative"): make_fhir(),
    (FileType.FHIR_JSON, "with a byte order mark"): "\ufeff".encode() + make_fhir(),
    (FileType.FHIR_JSON, "a bundle"): make_fhir(resourceType="Bundle", entry=[{"resource": FHIR_PATIENT}] * 3),
}
SAMPLES: Final[dict[FileType, bytes]] = {
    file_type: content for (file_type, _), content in reversed(VALID_FILES.items())
}  # the first one of each type

# Of no type that users may store.
FOREIGN_FILES: Final[dict[str, bytes]] = {
    "HTML": HTML,
    "SVG": SVG,
    "an archive": make_zip(),
    "an archive of RAR": RAR + bytes(100),
    "an archive of 7-Zip": SEVEN_ZIP + bytes(100),
    "a program": b"MZ\x90\x00\x03\x00" + bytes(200),
    "an old document of Word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
    "GIF": b"GIF89a" + bytes(200),
}
# Each has a content that differs from its declared type, or is valid as another type too.
MISMATCHES: Final[dict[tuple[FileType, str], bytes]] = {
    (FileType.PDF, "PNG"): SAMPLES[FileType.PNG],
    (FileType.PDF, "a truncated file"): make_pdf()[:-40],
    (FileType.PDF, "HTML in the first object"): make_pdf(first_object=b"<< /Title (" + HTML + b") >>"),
    (FileType.PDF, "HTML before the header"): HTML + make_pdf(),
    (FileType.PDF, "an archive at the end"): make_pdf() + make_zip(),
    (FileType.PDF, "an archive before the end mark"): make_pdf() + make_zip() + bytes(70_000) + b"\n%%EOF\n",
    (FileType.PDF, "an archive of RAR"): make_pdf(first_object=RAR),
    (FileType.PDF, "an archive of 7-Zip"): make_pdf(first_object=SEVEN_ZIP),
    (FileType.PDF, "a ZIP64 archive on two disks"): make_pdf() + make_zip64_end(disks=2),
    (FileType.PDF, "an unknown version"): make_pdf(version="9.9"),
    (FileType.PDF, "spaces before the header"): b"  " + make_pdf(),
    (FileType.JPEG, "PNG"): SAMPLES[FileType.PNG],
    (FileType.JPEG, "a truncated file"): make_image("image/jpeg")[:300],
    (FileType.JPEG, "PHP in a comment"): make_image("image/jpeg", comment=b"<?php system('id'); ?>"),
    (FileType.JPEG, "an archive at the end"): make_image("image/jpeg") + make_zip(),
    (FileType.JPEG, "an archive and data at the end"): make_image("image/jpeg") + make_zip() + bytes(70_000),
    (FileType.JPEG, "an archive with a gap"): make_zip_with_gap(make_image("image/jpeg")),
    (FileType.JPEG, "a ZIP64 archive"): make_image("image/jpeg") + make_zip64_end(),
    (FileType.JPEG, "a ZIP64 archive on two disks"): make_image("image/jpeg") + make_zip64_end(disks=2),
    (FileType.JPEG, "many end records"): make_image("image/jpeg") + make_zip_end() * 1000,
    (FileType.JPEG, "PDF in a comment"): make_jpeg_with_comment(make_pdf()),
    (FileType.PNG, "JPEG"): SAMPLES[FileType.JPEG],
    (FileType.PNG, "a truncated file"): make_image("image/png")[:-1],
    (FileType.PNG, "data after the end"): make_image("image/png") + b"x",
    (FileType.PNG, "the signature only"): b"\x89PNG\r\n\x1a\n",
    (FileType.PNG, "HTML after the signature"): b"\x89PNG\r\n\x1a\n" + HTML,
    (FileType.WEBP, "WAV"): b"RIFF" + struct.pack("<I", 36) + b"WAVE" + bytes(32),
    (FileType.WEBP, "a truncated file"): make_image("image/webp")[:-2],
    (FileType.WEBP, "data after the end"): make_image("image/webp") + b"x",
    (FileType.TEXT, "Latin-1"): "Hämoglobin".encode("latin-1"),
    (FileType.TEXT, "UTF-16"): "Hemoglobin".encode("utf-16"),
    (FileType.TEXT, "a null byte"): b"a\x00b",
    (FileType.TEXT, "an escape sequence"): b"\x1b[31mred",
    (FileType.TEXT, "a script after a comment"): b"<!-- x --><script>alert(1)</script>",
    (FileType.TEXT, "a tag with attributes"): b'text <IFRAME src="https://attacker.example/">',
    (FileType.TEXT, "a tag that is cut off"): b"text <body",
    (FileType.TEXT, "HTML after the first 1024 bytes"): b"a" * 1100 + b"<html><script>alert(1)</script>",
    (FileType.TEXT, "a document type after the first 1024 bytes"): b"a" * 1100 + b"<!DOCTYPE html>",
    (FileType.TEXT, "a comment at the beginning"): b"<!-- --><title>x</title><img src=x onerror=alert(1)>",
    (FileType.TEXT, "a tag after spaces"): b"\xef\xbb\xbf \r\n\t<A href=javascript:alert(1)>x</A>",
    (FileType.CSV, "PDF"): make_pdf(),
    (FileType.CSV, "a style at the beginning"): b"<style></style><a href=javascript:alert(1)>x</a>",
    (FileType.CSV, "a script after the first 1024 bytes"): b"a,b\n" * 300 + b"1,<SCRIPT src=//attacker.example>\n",
    (FileType.CSV, "a script"): b"a,b\n1,<script>alert(1)</script>\n",
    (FileType.DICOM, "a ZIP64 archive on two disks"): make_dicom() + make_zip64_end(disks=2),
    (FileType.DICOM, "without a preamble"): make_dicom(b""),
    (FileType.DICOM, "a program in the preamble"): make_dicom(b"MZ" + bytes(126)),
    (FileType.DICOM, "a script in the preamble"): make_dicom(b"#!/bin/sh\nid\n".ljust(128, b"\x00")),
    (FileType.DICOM, "a truncated preamble"): make_dicom()[:130],
    (FileType.FHIR_JSON, "JSON without a type"): b"{}",
    (FileType.FHIR_JSON, "a type that is no text"): make_fhir(resourceType=["Patient"]),
    (FileType.FHIR_JSON, "a list"): b'[{"resourceType":"Patient"}]',
    (FileType.FHIR_JSON, "a truncated file"): make_fhir()[:-1],
    (FileType.FHIR_JSON, "text after the end"): make_fhir() + b"x",
    (FileType.FHIR_JSON, "NaN"): b'{"resourceType":"Observation","value":NaN}',
    (FileType.FHIR_JSON, "Latin-1"): '{"resourceType":"Patient","id":"ä"}'.encode("latin-1"),
    (FileType.FHIR_JSON, "deep nesting"): b'{"resourceType":"Patient","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
EICAR: Final = EICAR_TEST_STRING  # valid as text: malware is not a matter of signatures
