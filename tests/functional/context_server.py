"""A small server of @contexts, for tests: what it answers, and what it was asked."""
import http.server
import json
import threading

import pytest

class Contexts:
    """Answers /path with pages[path], which is a document, bytes, or a function of the request's handler."""

    def __init__(self, port=0):
        owner, self.pages, self.asked, self.lock = self, {}, [], threading.Lock()
        self.release = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with owner.lock:
                    owner.asked.append((self.path, dict(self.headers)))
                page = owner.pages.get(self.path, lambda h: h.answer(404, b"{}"))
                try:
                    page(self) if callable(page) else self.answer(200, page)
                except OSError:
                    self.close_connection = True  # the twin had enough of it

            def answer(self, status, body=b"", **fields):
                if not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Listener(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def times(self, path):
        with self.lock:
            return sum(p == path for p, _ in self.asked)

    def close(self):
        if self.thread:
            self.release.set()
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()
            self.thread = None

@pytest.fixture
def contexts():
    c = Contexts()
    yield c
    c.close()
