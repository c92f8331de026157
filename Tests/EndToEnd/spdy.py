"""SPDY/3.1 as kubectl speaks it to forward ports: framing, header blocks, streams, flow control.

draft-mbelshe-httpbis-spdy-00, sections 2.2 (framing) to 2.6 (control frames).
"""

import struct
import threading
import zlib

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = (
    1, 2, 3, 4, 6, 7, 8, 9)
FIN = 1

_WORDS = """options head post put delete trace accept accept-charset accept-encoding accept-language
accept-ranges age allow authorization cache-control connection content-base content-encoding
content-language content-length content-location content-md5 content-range content-type date etag
expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer
retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate
method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin"""

# Section 2.6.10.1: the words with their lengths, then what follows without any.
DICTIONARY = b"".join(
    struct.pack(">I", len(word)) + word.replace("_", " ").encode() for word in _WORDS.split()) + (
    b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    b"401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    b"503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
    b"Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    b"application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,"
    b"deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.")
assert zlib.adler32(DICTIONARY) == 0xE3C6A7C2


class Headers:
    """Header blocks of one connection: one compression context for each direction."""

    def __init__(self):
        self.inflater = zlib.decompressobj(zdict=DICTIONARY)
        self.deflater = zlib.compressobj(zdict=DICTIONARY)

    def read(self, block):
        data = self.inflater.decompress(block)
        count, at, found = struct.unpack_from(">I", data)[0], 4, {}
        for _ in range(count):
            pair = []
            for _ in range(2):
                length = struct.unpack_from(">I", data, at)[0]
                pair.append(data[at + 4:at + 4 + length].decode())
                at += 4 + length
            found[pair[0].lower()] = pair[1]
        return found

    def write(self, headers):
        data = struct.pack(">I", len(headers))
        for pair in headers.items():
            for text in pair:
                data += struct.pack(">I", len(text)) + text.encode()
        return self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)


class Connection:
    """The server's side. `read(count)` gives exactly that many bytes or raises EOFError;
    `write(data)` sends. `opened(stream)` is called for each stream of the client's."""

    def __init__(self, read, write, opened):
        self.read, self.raw_write, self.opened = read, write, opened
        self.headers = Headers()
        self.lock = threading.Lock()
        self.streams = {}

    def control(self, kind, flags, body):
        self.raw_write(struct.pack(">HHI", 0x8003, kind, flags << 24 | len(body)) + body)

    def data(self, stream, data, flags=0):
        with self.lock:
            self.raw_write(struct.pack(">II", stream, flags << 24 | len(data)) + data)

    def serve(self):
        try:
            while True:
                head, rest = struct.unpack(">II", self.read(8))
                flags, length = rest >> 24, rest & 0xFFFFFF
                body = self.read(length)
                if head >> 31:
                    self._control(head & 0xFFFF, flags, body)
                else:
                    self._data(head, flags, body)
        finally:
            for stream in list(self.streams.values()):
                stream.received(None)

    def _control(self, kind, flags, body):
        if kind == SYN_STREAM:
            number = struct.unpack_from(">I", body)[0] & 0x7FFFFFFF
            stream = Stream(self, number, self.headers.read(body[10:]))
            self.streams[number] = stream
            with self.lock:
                self.control(SYN_REPLY, 0, struct.pack(">I", number) + self.headers.write({}))
            self.opened(stream)
            if flags & FIN:
                stream.received(None)
        elif kind == PING:
            with self.lock:
                self.control(PING, 0, body)
        elif kind == RST_STREAM:
            if stream := self.streams.pop(struct.unpack_from(">I", body)[0], None):
                stream.received(None)
        elif kind == GOAWAY:
            raise EOFError

    def _data(self, number, flags, body):
        stream = self.streams.get(number)
        if stream is None:
            return
        if body:
            stream.received(body)
            with self.lock:
                self.control(WINDOW_UPDATE, 0, struct.pack(">II", number, len(body)))
        if flags & FIN:
            stream.received(None)


class Stream:
    """One stream; `received` is set by whoever takes its bytes, None being their end."""

    def __init__(self, connection, number, headers):
        self.connection, self.number, self.headers = connection, number, headers
        self.received = lambda data: None

    def send(self, data):
        for at in range(0, len(data), 32 << 10):
            self.connection.data(self.number, data[at:at + (32 << 10)])

    def close(self):
        self.connection.data(self.number, b"", FIN)
