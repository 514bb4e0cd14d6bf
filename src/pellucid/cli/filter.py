"""`pellucid filter`: a photo through a kernel."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pellucid.cli.options import Json, Lang
from pellucid.errors import say
from pellucid.language import text


class Border(StrEnum):
    """The borders of `pellucid.signal.filter_image`."""

    REFLECT = "reflect"
    REPLICATE = "replicate"
    ZERO = "zero"
    WRAP = "wrap"


def filter(
    photo: Annotated[Path, typer.Argument(metavar=text("value.photo"), help=text("picture.photo"))],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar=text("value.file"), help=text("picture.filtered")),
    ],
    kernel: Annotated[
        str | None,
        typer.Option(metavar=text("value.kernel_or_rows"), help=text("picture.filter")),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help=text("picture.size"), show_default=text("default.size")),
    ] = None,
    sigma: Annotated[
        float | None,
        typer.Option(help=text("picture.sigma"), show_default=text("default.sigma")),
    ] = None,
    strength: Annotated[float, typer.Option(help=text("picture.strength"))] = 1.0,
    border: Annotated[
        Border,
        typer.Option(help=text("picture.border")),
    ] = Border.REFLECT,
    flip: Annotated[bool, typer.Option("--flip", help=text("picture.flip"))] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help=text("picture.raw")),
    ] = False,
    sheet: Annotated[
        bool,
        typer.Option("--sheet", help=text("picture.sheet")),
    ] = False,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Slide a kernel over a photo."""
    from pellucid.cli import output as out
    from pellucid.data import read_photo
    from pellucid.errors import ArgumentError
    from pellucid.formats.file import check_writable
    from pellucid.formats.photo import check_photo_format, write_photo
    from pellucid.language import chosen
    from pellucid.signal import filter_image

    if sheet == (kernel is not None):
        raise ArgumentError("filter", "say what to do", expected="either --kernel or --sheet")
    if sheet and (size is not None or sigma is not None or flip or raw):
        raise ArgumentError(
            "filter", "--size, --sigma, --flip and --raw are for one --kernel, not for --sheet"
        )
    lang = chosen(lang)
    source = read_photo(photo)
    where, pixels = say("picture '{path}'", path=output), source.pixels
    document: dict[str, Any] = {
        "photo": str(photo),
        "output": str(output),
        "border": border.value,
        "strength": strength,
    }
    if sheet:
        from pellucid.figures import filter_sheet
        from pellucid.figures.film import picture_format

        if pixels.dtype.kind == "f":
            rule, hint = (
                "a sheet is drawn of at most 16 bits a channel",
                "slide one --kernel over it, to a .tif",
            )
            raise ArgumentError(
                say("image '{path}'", path=photo),
                rule,
                got=say("pixels of {dtype}", dtype=pixels.dtype),
                hint=hint,
            )
        picture_format(output, None)
        check_writable(where, output)
        written = filter_sheet(pixels, border, strength=strength, lang=lang).save(output)
        width, height = written.width_px, written.height_px
    else:
        check_photo_format(output, pixels)
        check_writable(where, output)
        assert kernel is not None
        settings: dict[str, Any] = {
            "size": size,
            "sigma": sigma,
            "strength": strength,
            "flip": flip,
            "raw": raw,
        }
        result = filter_image(pixels, kernel, border, **settings)
        write_photo(output, result, source.profile)
        height, width = result.shape[:2]
        document |= {"kernel": kernel, **settings}
        document |= {"channels": pixels[0, 0].size, "bits": pixels.itemsize * 8}
    if json:
        out.print_json({**document, "sheet": sheet, "width_px": width, "height_px": height})
        return
    out.screen(json).print(text("figures.written", lang, path=output, width=width, height=height))
