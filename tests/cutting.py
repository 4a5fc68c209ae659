"""A network that cuts off answers: it stands between a client and a server, over real sockets."""

import socket
import threading
from collections import deque
from contextlib import suppress


class CuttingNetwork:
    """Hands bytes on in both directions at `url`.

    Each number in `cuts` is for one answer: the server has begun to send it, so that what was asked
    for is done; so many bytes of it get through, and then the connection is cut.
    """

    def __init__(self, port):
        self.port = port
        self.cuts = deque()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                for work in (self._ask, self._answer):
                    thread = threading.Thread(target=work, args=[client, server])
                    self._threads.append(thread)
                    thread.start()

    def _ask(self, client, server):
        with suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, client, server):
        with suppress(OSError):
            while data := server.recv(65_536):
                if self.cuts:
                    client.sendall(data[: self.cuts.popleft()])
                    break
                client.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
