"""A fake of the XML API of Google Cloud Storage, in memory: `python gcs_fake.py PORT [TOKEN]`.

No server of Google's API can be had for this machine. This one is written from Google's
description of the API and from what the client asks for. It proves our wiring, our options, and
how we handle conditions and errors; it proves nothing about Google's servers. What it knows:

objects       PUT, GET, HEAD, DELETE; ranges; ETag, generation and their conditions; copies
listings      version 2, with prefix, delimiter, start-after and pages
uploads       in parts: begin, part, complete, abort, list
tokens        the machine's metadata server, and 401 without its token, where one is given
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

_LEAST_PART_BYTES = 5 << 20
_METADATA = "/computeMetadata/v1/instance/service-accounts/"


class _Object:
    def __init__(self, body: bytes, generation: int) -> None:
        self.body, self.generation = body, generation
        self.modified = time.time()
        self.etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


class _Refusal(Exception):
    """An answer with an error."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Store:
    """Buckets, their objects and their unfinished uploads."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.lock = threading.RLock()
        self.buckets: dict[str, dict[str, _Object]] = {}
        self.uploads: dict[str, tuple[str, str, dict[int, bytes]]] = {}
        self._generations = itertools.count(1_700_000_000_000_000)
        self._names = itertools.count(1)

    def bucket(self, name: str) -> dict[str, _Object]:
        """The objects of a bucket."""
        if name not in self.buckets:
            raise _Refusal(404, "NoSuchBucket")
        return self.buckets[name]

    def put(self, bucket: str, key: str, body: bytes, generation: str | None) -> _Object:
        """Store an object; `generation` is the one that has to be there, "0" for none."""
        with self.lock:
            there = self.bucket(bucket).get(key)
            if generation is not None and int(generation) != (there.generation if there else 0):
                raise _Refusal(412, "PreconditionFailed")
            made = self.buckets[bucket][key] = _Object(body, next(self._generations))
            return made

    def begin(self, bucket: str, key: str) -> str:
        """The name of a new upload in parts."""
        self.bucket(bucket)
        with self.lock:
            name = f"upload-{next(self._names)}"
            self.uploads[name] = (bucket, key, {})
            return name

    def parts(self, upload: str) -> dict[int, bytes]:
        """The parts of an upload so far."""
        if upload not in self.uploads:
            raise _Refusal(404, "NoSuchUpload")
        return self.uploads[upload][2]

    def complete(self, upload: str, manifest: bytes, generation: str | None) -> _Object:
        """Make an object of an upload's parts."""
        with self.lock:
            parts = self.parts(upload)
            chosen = []
            for each in ET.fromstring(manifest).iter():
                if each.tag.rpartition("}")[2] == "PartNumber":
                    number = int(each.text or "0")
                    if number not in parts:
                        raise _Refusal(400, "InvalidPart")
                    chosen.append(parts[number])
            if any(len(part) < _LEAST_PART_BYTES for part in chosen[:-1]):
                raise _Refusal(400, "EntityTooSmall")
            bucket, key, _ = self.uploads[upload]
            made = self.put(bucket, key, b"".join(chosen), generation)
            del self.uploads[upload]
            return made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store: ClassVar[Store]

    def _serve(self) -> None:
        address = urlsplit(self.path)
        bucket, _, key = unquote(address.path.lstrip("/")).partition("/")
        self.query = {
            name: values[0]
            for name, values in parse_qs(address.query, keep_blank_values=True).items()
        }
        self.body = self._read_body()
        try:
            if address.path.startswith(_METADATA):
                self._metadata()
            else:
                self._check_token()
                kind = "object" if key else "bucket"
                getattr(self, f"_{self.command.lower()}_{kind}", self._refuse)(bucket, key)
        except _Refusal as refusal:
            text = f"<Error><Code>{refusal.code}</Code><Message>{refusal.code}</Message></Error>"
            self._answer(refusal.status, text.encode())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the standard library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _metadata(self) -> None:
        if self.headers.get("Metadata-Flavor") != "Google" or self.store.token is None:
            raise _Refusal(403, "Forbidden")
        told = {"access_token": self.store.token, "expires_in": 3600, "token_type": "Bearer"}
        self._answer(200, json.dumps(told).encode(), Metadata_Flavor="Google")

    def _refuse(self, _: str, __: str) -> None:
        raise _Refusal(405, "MethodNotAllowed")

    def _check_token(self) -> None:
        wanted = self.store.token
        if wanted is not None and self.headers.get("Authorization") != f"Bearer {wanted}":
            raise _Refusal(401, "AuthenticationRequired")

    # Buckets

    def _put_bucket(self, bucket: str, _: str) -> None:
        self.store.buckets.setdefault(bucket, {})
        self._answer(200)

    def _get_bucket(self, bucket: str, _: str) -> None:
        objects = self.store.bucket(bucket)
        if "uploads" in self.query:
            named = [
                (name, key)
                for name, (where, key, _) in self.store.uploads.items()
                if where == bucket
            ]
            text = "".join(
                f"<Upload><Key>{escape(key)}</Key><UploadId>{name}</UploadId></Upload>"
                for name, key in named
            )
            self._answer(
                200, f"<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>".encode()
            )
            return
        with self.store.lock:
            listing = _listing(dict(objects), self.query)
        self._answer(200, listing.encode(), Content_Type="application/xml")

    # Objects

    def _found(self, bucket: str, key: str) -> _Object:
        there = self.store.bucket(bucket).get(key)
        wanted = self.query.get("generation")
        if there is None or (wanted is not None and int(wanted) != there.generation):
            raise _Refusal(404, "NoSuchKey")
        return there

    def _get_object(self, bucket: str, key: str) -> None:
        there = self._found(bucket, key)
        if self.headers.get("If-Match", there.etag) not in (there.etag, "*"):
            raise _Refusal(412, "PreconditionFailed")
        if self.headers.get("If-None-Match") in (there.etag, "*"):
            self._answer(304)
            return
        headers = _headers(there) | {"Accept_Ranges": "bytes"}
        asked = self.headers.get("Range")
        if asked is None:
            self._answer(200, there.body, Content_Length=str(len(there.body)), **headers)
            return
        begin, end = _range(asked, len(there.body))
        part = there.body[begin:end]
        headers["Content_Range"] = f"bytes {begin}-{end - 1}/{len(there.body)}"
        self._answer(206, part, Content_Length=str(len(part)), **headers)

    _head_object = _get_object

    def _put_object(self, bucket: str, key: str) -> None:
        if "uploadId" in self.query:
            parts = self.store.parts(self.query["uploadId"])
            parts[int(self.query["partNumber"])] = self.body
            digest = hashlib.md5(self.body, usedforsecurity=False).hexdigest()
            self._answer(200, ETag=f'"{digest}"')
            return
        body, source = self.body, self.headers.get("x-goog-copy-source")
        if source is not None:
            body = self._found(*unquote(source).lstrip("/").split("/", 1)).body
        made = self.store.put(bucket, key, body, self.headers.get("x-goog-if-generation-match"))
        self._answer(200, b"<CopyObjectResult/>" if source else b"", **_headers(made))

    def _post_object(self, bucket: str, key: str) -> None:
        if "uploads" in self.query:
            name = self.store.begin(bucket, key)
            inner = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{name}</UploadId>"
            root = "InitiateMultipartUploadResult"
            self._answer(200, f"<{root}>{inner}</{root}>".encode())
            return
        condition = self.headers.get("x-goog-if-generation-match")
        made = self.store.complete(self.query["uploadId"], self.body, condition)
        root = "CompleteMultipartUploadResult"
        text = f"<{root}><ETag>{escape(made.etag)}</ETag></{root}>"
        self._answer(200, text.encode(), x_goog_generation=str(made.generation))

    def _delete_object(self, bucket: str, key: str) -> None:
        upload = self.query.get("uploadId")
        with self.store.lock:
            if upload is not None:
                self.store.parts(upload)
                del self.store.uploads[upload]
            elif self.store.bucket(bucket).pop(key, None) is None:
                raise _Refusal(404, "NoSuchKey")
        self._answer(204)


def _headers(there: _Object) -> dict[str, str]:
    return {
        "ETag": there.etag,
        "Last_Modified": formatdate(there.modified, usegmt=True),
        "x_goog_generation": str(there.generation),
    }


def _range(asked: str, size: int) -> tuple[int, int]:
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", asked.strip())
    if found is None or not (found[1] or found[2]):
        raise _Refusal(416, "InvalidRange")
    if not found[1]:
        return max(0, size - int(found[2])), size
    begin, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    if begin >= size or end <= begin:
        raise _Refusal(416, "InvalidRange")
    return begin, min(end, size)


def _listing(objects: dict[str, _Object], query: dict[str, str]) -> str:
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("continuation-token") or query.get("start-after") or ""
    limit = int(query.get("max-keys", "1000"))
    entries: list[str] = []
    last, is_truncated, folders = "", False, set()
    for key in sorted(objects):
        if not key.startswith(prefix) or key <= after:
            continue
        inner, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        folder = prefix + inner + delimiter if found else None
        if folder is not None and (folder in folders or after.startswith(folder)):
            last = key
            continue
        if len(entries) == limit:
            is_truncated = True
            break
        if folder is not None:
            folders.add(folder)
            entries.append(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>")
        else:
            entries.append(_entry(key, objects[key]))
        last = key
    token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if is_truncated else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(is_truncated).lower()}</IsTruncated>{token}"
        f"{''.join(entries)}</ListBucketResult>"
    )


def _entry(key: str, there: _Object) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(there.modified))
    return (
        f"<Contents><Key>{escape(key)}</Key><Size>{len(there.body)}</Size>"
        f"<LastModified>{moment}.000Z</LastModified><ETag>{escape(there.etag)}</ETag></Contents>"
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients that are gone are no news."""


def serve(port: int, token: str | None = None) -> None:
    """Serve until the process ends."""
    handler = type("Handler", (_Handler,), {"store": Store(token)})
    with _Server(("127.0.0.1", port), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), *sys.argv[2:3])
