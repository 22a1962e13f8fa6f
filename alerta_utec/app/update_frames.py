"""The messages in which committed changes leave: one for each, or one for several."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerta_utec import wire
from alerta_utec.domain.change import Change
from alerta_utec.ports.connections import Form

# API Gateway meters a message, and counts it against its quotas, for each 32 KB.
FRAME_MAX_BYTES = 32 * 1024
# Around the incidents of a frame: its type, and a position of up to 51 characters.
_AROUND_BYTES = 110


@dataclass(frozen=True, slots=True)
class UpdateFrame:
    """A message, and the indexes of the changes that it contains."""

    text: str
    indexes: tuple[int, ...]


class UpdateFrames:
    """The messages of some changes, which have the order of their ``seq``; not thread-safe.

    Each incident is encoded once with personal names (``private``) and once without, when it is
    first needed.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        # The JSON of each incident and its size in bytes, by index and ``private``.
        self._incidents: dict[tuple[int, bool], tuple[str, int]] = {}

    def in_form(self, indexes: Sequence[int], form: Form) -> Sequence[UpdateFrame]:
        """Return the messages of the changes for connections with this form, in their order."""
        if form.together:
            return self.together(indexes, private=form.private)
        return [self.one(index, private=form.private) for index in indexes]

    def one(self, index: int, *, private: bool) -> UpdateFrame:
        """Return the message of one change."""
        incident, _ = self._incident(index, private)
        return UpdateFrame(wire.update_of(incident, self._changes[index].position), (index,))

    def together(self, indexes: Sequence[int], *, private: bool) -> Sequence[UpdateFrame]:
        """Return the changes in as few messages of up to 32 KB as keep their order.

        A change that comes alone has the message of ``one``, which may be larger.
        """
        return [
            self.one(*group, private=private) if len(group) == 1 else self._several(group, private)
            for group in self._groups(indexes, private)
        ]

    def _groups(self, indexes: Sequence[int], private: bool) -> Iterator[Sequence[int]]:
        group: list[int] = []
        left_bytes = 0
        for index in indexes:
            size_bytes = self._incident(index, private)[1] + 1
            if group and size_bytes > left_bytes:
                yield group
                group = []
            if not group:
                left_bytes = FRAME_MAX_BYTES - _AROUND_BYTES
            group.append(index)
            left_bytes -= size_bytes
        if group:
            yield group

    def _several(self, indexes: Sequence[int], private: bool) -> UpdateFrame:
        incidents = [self._incident(index, private)[0] for index in indexes]
        text = wire.updates_of(incidents, self._changes[indexes[-1]].position)
        return UpdateFrame(text, tuple(indexes))

    def _incident(self, index: int, private: bool) -> tuple[str, int]:
        key = (index, private)
        if key not in self._incidents:
            text = wire.encode(self._changes[index].after.to_json(private=private))
            self._incidents[key] = text, len(text.encode())
        return self._incidents[key]
