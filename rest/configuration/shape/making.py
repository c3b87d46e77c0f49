"""The parts that shapes are made of, each a JSON schema. Of what a form reads, its fields say what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import override

from apis.calls_form import ListField
from certificates.models import NAME_MAX_LENGTH

Shape = dict[str, Any]
SECRET = "secret"  # noqa: S105 - the mark of a shape
TEXT: Shape = {"type": "string"}
_TIME = r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?$"


def text(*, longest: int = 0, choices: Iterable[str] = (), about: str = "") -> Shape:
    """Return the shape of a text."""
    return _described(
        {"type": "string", **({"maxLength": longest} if longest else {}), **({"enum": list(choices)} if choices else {})}, about
    )


def flag(about: str = "") -> Shape:
    """Return the shape of true or false."""
    return _described({"type": "boolean"}, about)


def whole(*, least: int | None = None, most: int | None = None, empty: bool = False, about: str = "") -> Shape:
    """Return the shape of a whole number; *empty*: or ``null``."""
    bounds = {name: value for name, value in (("minimum", least), ("maximum", most)) if value is not None}
    return _described({"type": ["integer", "null"] if empty else "integer", **bounds}, about)


def several(of: Shape, about: str = "") -> Shape:
    """Return the shape of a list."""
    return _described({"type": "array", "items": of}, about)


def texts(about: str = "") -> Shape:
    """Return the shape of a list of texts."""
    return several(TEXT, about)


def record(fields: Mapping[str, Shape], *, needed: Iterable[str] = (), about: str = "") -> Shape:
    """Return the shape of an object with these fields and no others."""
    shape: Shape = {"type": "object", "properties": dict(fields), "additionalProperties": False}
    return _described(shape | ({"required": list(needed)} if needed else {}), about)


def entry(fields: Mapping[str, Shape], about: str = "") -> Shape:
    """Return the shape of an object that is known by its name."""
    name = text(longest=NAME_MAX_LENGTH) | {"minLength": 1}
    return record({"name": name, **fields}, needed=["name"], about=about)


def texts_by_name(about: str = "") -> Shape:
    """Return the shape of an object whose values are texts."""
    return _described({"type": "object", "additionalProperties": {"type": "string"}}, about)


def secret(about: str = "", *, named: bool = False) -> Shape:
    """Return the shape of a reference to a secret: it never stands in the file itself.

    :param named: whether it may be what a named value holds
    """
    fields = {
        "file": text(about="A file, relative to this one; the end of its last line does not count."),
        "env": text(about="An environment variable of the command that reads this."),
        "sealed": text(about="Its name among the encrypted secrets of this file."),
    }
    if named:
        fields["named_value"] = text(about="A named value of this name, as long as it is what is sent.")
    return record(fields, about=about) | {"minProperties": 1, "maxProperties": 1, "$comment": SECRET}


def of_form(form: type[forms.Form | forms.ModelForm[Any]], names: Iterable[str]) -> dict[str, Shape]:
    """Return the shapes of those fields of *form*, as it reads them."""
    with override("en"):
        return {name: _described(_of_field(form.base_fields[name]), str(form.base_fields[name].label or "")) for name in names}


def _of_field(field: forms.Field) -> Shape:  # noqa: PLR0911 - one for each kind
    match field:
        case forms.BooleanField():
            return flag()
        case ListField():
            return texts()
        case forms.TypedMultipleChoiceField():
            return several({"type": "integer", "enum": [value for value, _label in _choices(field)]})
        case forms.IntegerField():
            return whole(least=_plain(field.min_value), most=_plain(field.max_value), empty=not field.required)
        case forms.TimeField():
            return {"type": "string", "pattern": _TIME}
        case forms.ChoiceField():
            return text(choices=[str(value) for value, _label in _choices(field)])
        case _:
            return text(longest=getattr(field, "max_length", 0) or 0)


def _choices(field: Any) -> list[tuple[Any, Any]]:
    return list(field.choices)  # ours have no groups


def _plain(bound: Any) -> int | None:
    found: int | None = bound() if callable(bound) else bound
    return found


def _described(shape: Shape, about: str) -> Shape:
    return shape | ({"description": about} if about else {})
