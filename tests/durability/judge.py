"""The verdict on an instance: everything it acknowledged has arrived, and nothing came twice without a reason."""

from dataclasses import dataclass

from harness.build import sanitized

# How long before an interruption a copy may have been taken and still come again: time to write down the result.
IN_FLIGHT_SECONDS = 1


@dataclass
class Verdict:
    acknowledged: int = 0  # recipients of acknowledged messages
    lost: int = 0
    duplicated: int = 0  # recipients who got more than one copy
    unexplained: int = 0  # of these: no interruption between the copies, so SMTP is no excuse

    def __add__(self, other):
        return Verdict(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __str__(self):
        return (
            f"{self.acknowledged} recipients acknowledged, {self.lost} lost, "
            f"{self.duplicated} duplicated ({self.unexplained} without a reason)"
        )


def missing(sent, sink):
    """The acknowledged (body, recipient) pairs that have not arrived yet."""
    return [
        (sha256, recipient)
        for sha256, recipients in list(sent.acknowledged.items())
        for recipient in recipients
        if not sink.count(sha256, recipient)
    ]


def _explained(first, second, interruptions):
    """The window that SMTP leaves open (RFC 5321, 4.5.4.1): the next hop has said 250, and whoever heard it died
    before writing it down."""
    window = IN_FLIGHT_SECONDS * (3 if sanitized() else 1)
    return any(start - window <= first <= end and start <= second for start, end in interruptions)


def judge(sent, sink, interruptions):
    """`interruptions` are (from, until) in monotonic time."""
    verdict = Verdict(
        acknowledged=sum(len(recipients) for recipients in sent.acknowledged.values()),
        lost=len(missing(sent, sink)),
    )
    for times in list(sink.arrivals.values()):
        if len(times) > 1:
            verdict.duplicated += 1
            verdict.unexplained += not all(_explained(*pair, interruptions) for pair in zip(times, times[1:]))
    return verdict
