"""Text whose paragraphs were broken into lines for transport: format=flowed (RFC 3676)."""

from __future__ import annotations

_SIGNATURE = "-- "  # RFC 3676 section 4.3: this line is never part of a paragraph


def unflow(text: str, del_sp: bool) -> str:
    """The text with each paragraph on one line. With `del_sp` (DelSp=yes) the space at the end of a line that
    flows into the next one was added for transport and is removed (RFC 3676 sections 4.2 to 4.5).
    """
    out: list[str] = []
    open_depth = -1  # quote depth of the paragraph that goes on; -1 if there is none
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffing
        flows = content.endswith(" ") and content != _SIGNATURE
        if open_depth != depth or content == _SIGNATURE:
            out.append("\n")
            out.append(f"{'>' * depth} " if depth else "")
        out.append(content[:-1] if flows and del_sp else content)
        open_depth = depth if flows else -1
    return "".join(out[1:])
