"""The daemon's side of the control socket, as the shell sees it, with faults on demand."""

import json
import select
import socket
import struct
import threading
from pathlib import Path

from .build import close_listener

GREETING = {"protocol": 2, "version": "0", "schema": "%016x" % 0x1234, "hostname": "mx.example.com", "session": 1}


class FakeDaemon:
    """Accepts shells one after the other.  Edits of a key that starts with `bad` are refused with status 2, of one that
    starts with `missing` with 1, of one that starts with `warn` are warned about."""

    def __init__(self, folder, greeting=None, **faults):
        self.folder = Path(folder)
        self.greeting = {**GREETING, **(greeting or {})}
        # hang_up_at=METHOD, commit_first, stay_away, stay_mute (from then on shells are accepted and never answered),
        # closed_behind=METHOD (it answers, and ends the session with a word), silent_at=METHOD (it answers no more), stuck_at=METHOD (nor does it read), refuse_hello, commit_status
        self.faults = faults
        self.requests = []
        self.committed = []
        self.ids = {}
        self.revision = 41
        path = self.folder / "run" / "control.sock"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        """From now on nobody answers."""
        close_listener(self.listener)
        (self.folder / "run" / "control.sock").unlink(missing_ok=True)

    def methods(self):
        return [request["method"] for request in self.requests]

    def keys(self):
        return [edit["key"] for request in self.requests for edit in request.get("edits", ())]

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._talk(connection)
                except (OSError, EOFError):
                    pass

    @staticmethod
    def _send(connection, answer):
        text = json.dumps(answer).encode()
        connection.sendall(struct.pack("<I", len(text)) + text)

    @staticmethod
    def _read(stream):
        head = stream.read(4)
        if len(head) < 4:
            raise EOFError
        return json.loads(stream.read(*struct.unpack("<I", head)))

    @staticmethod
    def _wait_for_its_end(connection):
        end = select.poll()
        end.register(connection, 0)
        end.poll()

    def _talk(self, connection):
        self.candidate, self.pieces, self.skipping = [], [], False
        if self.faults.get("mute"):
            self._wait_for_its_end(connection)
            return
        stream = connection.makefile("rb")
        self._send(connection, self.greeting)
        while True:
            request = self._read(stream)
            self.requests.append(request)
            if request["method"] == self.faults.get("hang_up_at"):
                if self.faults.get("commit_first"):
                    self._commit(request)
                self.faults.pop("hang_up_at")
                if self.faults.get("stay_away"):
                    self.close()
                self.faults["mute"] = self.faults.get("stay_mute")
                return
            if request["method"] == self.faults.get("silent_at"):
                if self.faults.get("commit_first"):
                    self._commit(request)
                while True:
                    self.requests.append(self._read(stream))
            if request["method"] == self.faults.get("stuck_at"):
                self._wait_for_its_end(connection)
                return
            self._answer(connection, stream, request)
            if request["method"] == self.faults.get("closed_behind"):
                self._send(connection, {"closed": "The session was idle for 30 minutes.", "code": "unreachable"})
                return

    def _answer(self, connection, stream, request):
        if request["method"] in ("wait", "finish"):  # answers only when told to stop; `finish` was done by then
            while self._read(stream)["method"] != "cancel":
                pass
            cancelled = {"status": 130, "code": "cancelled", "error": "interrupted"}
            self._send(connection, cancelled if request["method"] == "wait" else {"status": 0, "result": {}})
        elif request["method"] == "flood":
            while not select.select([connection], [], [], 0)[0]:
                self._send(connection, {"text": "x" * 60000})
            self._send(connection, {"status": 130, "code": "cancelled", "error": "interrupted"})
        elif request["method"] == "text":
            self._send(connection, {"text": "part one, "})
            self._send(connection, {"text": "part two\n"})
            self._send(connection, {"status": 0, "result": {}})
        else:
            self._send(connection, self._judge(request))

    def _judge(self, request):
        name = request["method"].replace(".", "_")
        if request.get("pipeline") and self.skipping:
            return {"status": 1, "code": "skipped"}
        answer = getattr(self, "_do_" + name, self._do_unknown)(request)
        self.skipping = answer["status"] != 0
        return answer

    def _do_hello(self, request):
        if self.faults.get("refuse_hello"):
            return {"status": 3, "code": "refused", "error": "you have no role here"}
        return {"status": 0, "result": {"user": "root", "role": "admin", "revision": self.revision}}

    def _do_config_edit(self, request):
        keys = [edit["key"] for edit in request["edits"]]
        for key in keys:
            if key.startswith("bad"):
                self.pieces = []
                return {"status": 2, "code": "invalid-value", "error": f"{key} is not a domain"}
            if key.startswith("missing"):
                return {"status": 1, "code": "not-found", "error": f"{key} does not exist"}
        self.pieces += keys
        if not request.get("more"):
            self.candidate += self.pieces
            self.pieces = []
        warnings = [f"{key} is large" for key in keys if key.startswith("warn")]
        return {"status": 0, **({"warnings": warnings} if warnings else {})}

    def _do_config_changes(self, request):
        changes = [{"key": key} for key in self.candidate]
        return {"status": 0, "result": {"changes": changes, "count": len(changes), "base": self.revision}}

    def _do_config_clear(self, request):
        self.candidate = []
        return {"status": 0, "result": {}}

    def _commit(self, request):
        self.revision += 1
        self.committed += self.candidate
        self.candidate = []
        self.ids[request["commit_id"]] = self.revision

    def _do_config_commit(self, request):
        status = self.faults.get("commit_status", 0)
        if status not in (0, 8):
            return {"status": status, "code": "refused", "error": "no commit now"}
        if request.get("check"):
            return {"status": 0, "result": {"revision": None}}
        self._commit(request)
        return {"status": status, "result": {"revision": self.revision, "time": 0, "applied": status == 0}}

    def _do_config_lookup(self, request):
        return {"status": 0, "result": {"revision": self.ids.get(request["commit_id"])}}

    def _do_workqueue(self, request):
        return {"status": 0, "result": {"paused": True}}

    def _do_unknown(self, request):
        return {"status": 3, "code": "refused", "error": f"{request['method']} is refused"}
