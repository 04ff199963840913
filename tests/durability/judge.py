"""The verdict on an instance: everything it acknowledged has arrived, and nothing came twice without a reason."""

from dataclasses import dataclass

from harness.build import sanitized

# Between the 250 of the next hop and the note of it on disk, and for the sink to hear what was on its way.
IN_FLIGHT_SECONDS = 0.2 * (3 if sanitized() else 1)


@dataclass
class Verdict:
    acknowledged: int = 0  # recipients of acknowledged messages
    lost: int = 0
    duplicated: int = 0  # recipients who got more than one copy
    unexplained: int | None = 0  # of these: SMTP is no excuse; None where that cannot be told

    def __add__(self, other):
        return Verdict(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __str__(self):
        reasons = "" if self.unexplained is None else f" ({self.unexplained} without a reason)"
        return f"{self.acknowledged} recipients acknowledged, {self.lost} lost, {self.duplicated} duplicated{reasons}"


def missing(sent, sink):
    """The acknowledged (body, recipient) pairs that have not arrived yet."""
    return [
        (sha256, recipient)
        for sha256, recipients in list(sent.acknowledged.items())
        for recipient in recipients
        if not sink.count(sha256, recipient)
    ]


def _explained(first, second, interruptions):
    """The window that SMTP leaves open (RFC 5321, 4.5.4.1): the next hop has said 250, and whoever was to note it
    died before that."""
    return any(
        start - IN_FLIGHT_SECONDS <= first <= end + IN_FLIGHT_SECONDS and start <= second
        for start, end in interruptions
    )


def covered(begin, until, interruptions):
    """The share of a run in which a first copy excuses a second one."""
    total, reached = 0, begin
    for start, end in sorted(interruptions):
        low = max(start - IN_FLIGHT_SECONDS, reached)
        high = min(end + IN_FLIGHT_SECONDS, until)
        total += max(high - low, 0)
        reached = max(reached, high)
    return total / (until - begin)


def judge(sent, sink, interruptions=None):
    """`interruptions` are (first process stopped, last process stopped) in monotonic time; None: second copies are
    counted only."""
    verdict = Verdict(
        acknowledged=sum(len(recipients) for recipients in sent.acknowledged.values()),
        lost=len(missing(sent, sink)),
        unexplained=None if interruptions is None else 0,
    )
    for times in list(sink.arrivals.values()):
        if len(times) > 1:
            verdict.duplicated += 1
            if interruptions is not None:
                pairs = zip(times, times[1:])
                verdict.unexplained += not all(_explained(*pair, interruptions) for pair in pairs)
    return verdict
