"""How a listing looks: its style sheet, and the names that it has styles by."""

CSS = """
Listing {
    background: transparent;
    scrollbar-size-vertical: 1;
    overflow-x: hidden;
    & > .listing--header { color: $quiet; text-style: none; }
    & > .listing--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    & > .listing--cursor-blurred {
        background: $block-cursor-blurred-background; text-style: $block-cursor-blurred-text-style;
    }
    & > .listing--hover { background: $block-hover-background; }
    & > .listing--mark { color: $accent; text-style: bold; }
    & > .listing--dim { color: $quiet; }
    & > .listing--bold { text-style: bold; }
    & > .listing--accent { color: $accent; }
    & > .listing--ok { color: $text-success; }
    & > .listing--warning { color: $text-warning; }
    & > .listing--error { color: $text-error; }
    &.-waiting { opacity: 60%; }
    &:nocolor > .listing--cursor { text-style: reverse; }
    &:nocolor > .listing--cursor-blurred { text-style: underline; }
}
"""

CLASSES = {
    f"listing--{name}"
    for name in (
        "header", "cursor", "cursor-blurred", "hover", "mark", "dim", "bold", "accent", "ok", "warning", "error",
    )
}  # fmt: skip
