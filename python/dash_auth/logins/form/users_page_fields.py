"""What an administrator types on the users page, read within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dash_auth.logins.pages.users import Typed

LONGEST = 200
"""The longest name, full name or e-mail address, in characters."""

LONGEST_GROUP = 100
"""The longest name of a group, in characters."""

MOST_GROUPS = 200
"""So many groups a user has at most."""


def is_text(text: str) -> bool:
    """Tell whether a store can be asked about a text: some characters, all of which can be seen.

    :param text: what a client sent
    """
    return 0 < len(text) <= LONGEST and text.isprintable()


def groups_in_text(text: str) -> list[str] | None:
    """Return the groups that a text names, separated by commas; None where one cannot be one.

    :param text: what was typed
    """
    found = [group for part in text.split(",") if (group := part.strip())]
    return list(dict.fromkeys(found)) if can_be_text(found) else None


def can_be_text(groups: Iterable[str]) -> bool:
    """Tell whether groups can be written into one field, and read from it as they were.

    :param groups: the groups
    """
    groups = list(groups)
    return len(groups) <= MOST_GROUPS and all(
        0 < len(group) <= LONGEST_GROUP
        and group.isprintable()
        and "," not in group
        and group == group.strip()
        for group in groups
    )


def typed_in(fields: Mapping[str, str]) -> Typed:
    """Return what was typed into the form that adds a user.

    :param fields: the fields that came along
    """

    def text(name: str) -> str:
        return fields.get(name, "").strip()

    return Typed(
        text("user"),
        text("full_name"),
        text("email"),
        text("groups"),
        is_temporary=fields.get("first") == "password",
    )
