"""What a stopped instance has on its disk: the messages in the quarantine, as queue.db and the spool hold them."""

import hashlib
import sqlite3
import struct
from dataclasses import dataclass

QUARANTINE = 3  # enum recipient_state in daemon/queue/message.h
RECORD = struct.Struct("<8sQQ32s")  # daemon/queue/spool.h
MAGIC = b"MWSPOOL1"


@dataclass
class Quarantined:
    mid: int
    message_id: bytes  # as the store has it
    data: bytes  # the message with the trace header that the gateway put on top
    whole: bool  # the record in the spool is what the store says


def _read(queue_folder, mid, message_id, segment, position, length, sha256):
    with open(queue_folder / "spool" / f"{segment:08}.seg", "rb") as file:
        file.seek(position)
        header, data = file.read(RECORD.size), file.read(length)
    wanted = RECORD.pack(MAGIC, mid, length, sha256)
    return Quarantined(mid, message_id, data, header == wanted and hashlib.sha256(data).digest() == sha256)


def quarantined(instance_folder):
    """Every message in the quarantine.  The instance must not run."""
    folder = instance_folder / "queue"
    with sqlite3.connect(f"file:{folder / 'queue.db'}?mode=ro", uri=True) as store:
        store.text_factory = bytes
        rows = store.execute(
            "SELECT DISTINCT m.mid, message_id, segment, position, length, sha256"
            " FROM message m JOIN recipient r ON r.mid = m.mid WHERE r.state = ?",
            (QUARANTINE,),
        ).fetchall()
    store.close()
    return [_read(folder, *row) for row in rows]
