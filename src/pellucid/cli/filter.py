"""`pellucid filter`: a photo through a kernel."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pellucid.cli.options import Json, Lang


class Border(StrEnum):
    """The borders of `pellucid.signal.filter_image`."""

    REFLECT = "reflect"
    REPLICATE = "replicate"
    ZERO = "zero"
    WRAP = "wrap"


def filter(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="PNG, JPEG, WebP, TIFF, BMP, PPM or GIF.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where to: .png, .jpg, .tif, .webp or .bmp."),
    ],
    kernel: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|ROWS",
            help="identity, box, gaussian, motion, sharpen, unsharp, emboss, outline, laplacian, ridge, or sobel, "
            'prewitt or scharr, alone or with -x or -y; or rows of numbers: "0 1 0; 1 -4 1; 0 1 0".',
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help="Of box, gaussian, unsharp and motion: pixels, odd.", show_default="the kernel's"),
    ] = None,
    sigma: Annotated[
        float | None,
        typer.Option(help="Of gaussian and unsharp, in pixels.", show_default="the size's, or 1"),
    ] = None,
    strength: Annotated[
        float, typer.Option(help="How much of it: 0 keeps the photo (edges: black), 1 is the kernel.")
    ] = 1.0,
    border: Annotated[
        Border,
        typer.Option(
            help="What lies around the photo: reflect (c b a | a b c), replicate (a a a | a b c), zero or wrap "
            "(a b c | a b c).",
        ),
    ] = Border.REFLECT,
    flip: Annotated[bool, typer.Option("--flip", help="Turn the kernel by 180°: true convolution.")] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Slide over colours as they lie in the file, also where nothing is seen of them."
        ),
    ] = False,
    sheet: Annotated[
        bool,
        typer.Option(
            "--sheet",
            help="Draw one labelled sheet of all kernels instead, of up to 16 bits a channel: .png, .svg or .gif.",
        ),
    ] = False,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """Slide a kernel over a photo: blur, sharpen, find edges.

    Colours are filtered alike, as far as they are seen; transparency is kept.
    """
    from pellucid.cli import output as out
    from pellucid.data import read_photo
    from pellucid.errors import ArgumentError
    from pellucid.formats.file import check_writable
    from pellucid.formats.photo import check_photo_format, write_photo
    from pellucid.language import chosen, text
    from pellucid.signal import filter_image

    if sheet == (kernel is not None):
        raise ArgumentError("filter", "say what to do", expected="either --kernel or --sheet")
    if sheet and (size is not None or sigma is not None or flip or raw):
        raise ArgumentError(
            "filter", "--size, --sigma, --flip and --raw are for one --kernel, not for --sheet"
        )
    lang = chosen(lang)
    source = read_photo(photo)
    where, pixels = f"picture '{output}'", source.pixels
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
            raise ArgumentError(f"image '{photo}'", rule, got=f"pixels of {pixels.dtype}", hint=hint)
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
