"""An object store that speaks as S3 does: keys, entity tags, pages of lists, signed requests."""

from __future__ import annotations

import hashlib
import hmac
from email.utils import format_datetime
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from loyalty_core.testing import Answer, Asked, PlatformDouble

BUCKET = "exports"
KEY_ID = "AKIDTILL"
SECRET = "opensesame/of+the-till"
REGION = "eu-central-1"


class ObjectStore(PlatformDouble):
    """A bucket: what is in it by key."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self.page_size = 1000
        self.allowed = True

    def put(self, key: str, text: str) -> None:
        with self._lock:
            self.objects[key] = text.encode()

    @property
    def written(self) -> list[str]:
        """The requests that would have changed something."""
        return [one.method for one in self.asked if one.method not in ("GET", "HEAD")]

    # -- the API --------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        if not self.allowed:
            return error(403, "AccessDenied")
        if signature_of(asked) not in asked.headers.get("authorization", ""):
            return error(403, "SignatureDoesNotMatch")
        _, bucket, key = unquote(asked.path + "/").split("/", 2)
        if bucket != BUCKET:
            return error(404, "NoSuchBucket")
        if "list-type" in asked.query:
            return self._list(asked)
        return self._object(key.rstrip("/"), asked)

    def _object(self, key: str, asked: Asked) -> Answer:
        if key not in self.objects:
            return error(404, "NoSuchKey")
        body = self.objects[key]
        if asked.headers.get("if-match", tag(body)) != tag(body):
            return error(412, "PreconditionFailed")
        headers = {"etag": tag(body), "last-modified": format_datetime(self.clock(), usegmt=True)}
        if "range" not in asked.headers:
            return Answer(body=body, headers=headers)
        first, last = asked.headers["range"].removeprefix("bytes=").split("-")
        part = body[int(first) : int(last) + 1]
        if not part:
            return error(416, "InvalidRange")
        headers["content-range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"
        return Answer(status=206, body=part, headers=headers)

    def _list(self, asked: Asked) -> Answer:
        prefix, after = asked.query.get("prefix", ""), asked.query.get("continuation-token", "")
        assert asked.query["delimiter"] == "/"
        below = {key: key[len(prefix) :] for key in sorted(self.objects) if key.startswith(prefix)}
        here = [key for key, rest in below.items() if "/" not in rest and key > after]
        page = here[: self.page_size]
        at = self.clock().isoformat()
        parts = [entry(key, self.objects[key], tag(self.objects[key]), at) for key in page]
        cut = len(here) > len(page)
        parts += [f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"] * cut
        parts.append(f"<IsTruncated>{str(cut).lower()}</IsTruncated>")
        return Answer(body=f"<ListBucketResult>{''.join(parts)}</ListBucketResult>".encode())


def entry(key: str, body: bytes, etag: str, at: str) -> str:
    about = {"Key": key, "LastModified": at, "ETag": etag, "Size": str(len(body))}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in about.items())
    return f"<Contents>{inner}</Contents>"


def tag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def error(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>"
    return Answer(status=status, body=body.encode())


def signature_of(asked: Asked) -> str:
    """How the request has to be signed: AWS Signature Version 4."""
    stated = dict(
        one.strip().split("=", 1)
        for one in asked.headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
    )
    names = stated["SignedHeaders"].split(";")
    query = "&".join(
        sorted(
            f"{quote(name, safe='')}={quote(given, safe='')}" for name, given in asked.query.items()
        )
    )
    canonical = [asked.method, asked.path, query]
    canonical += [f"{name}:{asked.headers[name].strip()}" for name in names]
    canonical += ["", ";".join(names), asked.headers["x-amz-content-sha256"]]
    moment = asked.headers["x-amz-date"]
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, digest])
    made = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"Credential={KEY_ID}/{scope}, SignedHeaders={';'.join(names)}, Signature={made}"
