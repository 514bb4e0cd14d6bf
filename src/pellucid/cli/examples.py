"""Lines that work, and what they do: what the help of each command shows at its end. Every command has some."""

from __future__ import annotations

EXAMPLES: dict[str, dict[str, str]] = {  # by the command, the lines, each with the text of what it does
    "pellucid": {
        "pellucid train --epochs 1 --out digits.safetensors": "example.train_mnist",
        "pellucid explain digits.safetensors --at loss --depth 3": "example.explain_loss",
    },
    "pellucid train": {
        "pellucid train --epochs 1 --out digits.safetensors": "example.train_mnist",
        'pellucid train --data photos/ --model tiny --augment "crop 4; flip" --out mine.safetensors': (
            "example.train_photos"
        ),
    },
    "pellucid evaluate": {
        "pellucid evaluate digits.safetensors --report digits.html": "example.evaluate",
    },
    "pellucid predict": {
        "pellucid predict digits.safetensors mnist:17 --top 1": "example.predict_digit",
        "pellucid predict mine.safetensors photos/ --csv mine.csv": "example.predict_photos",
    },
    "pellucid verify": {
        "pellucid verify digits.safetensors": "example.verify",
        "pellucid verify mine.safetensors --data photos/ --all": "example.verify_all",
    },
    "pellucid export": {
        "pellucid export digits.safetensors --format npz": "example.export",
    },
    "pellucid summary": {
        "pellucid summary resnet20 --formulas": "example.summary",
    },
    "pellucid plan": {
        "pellucid plan lenet5 --training --batch 8": "example.plan",
    },
    "pellucid shape": {
        'pellucid shape "input 1x28x28; conv 6 k5 p2; relu; pool k2; flatten; dense 10"': "example.shape",
    },
    "pellucid explain": {
        'pellucid explain digits.safetensors --at "conv1.output[0,5,14,13]"': "example.explain_output",
        "pellucid explain digits.safetensors --at loss --depth 3": "example.explain_loss",
    },
    "pellucid certify": {
        "pellucid certify digits.safetensors --batch 2 --sample-size 100": "example.certify",
    },
    "pellucid filter": {
        "pellucid filter photo.png --kernel sharpen -o sharp.png": "example.filter",
        'pellucid filter photo.png --kernel "0 1 0; 1 -4 1; 0 1 0" -o edges.png': "example.filter_rows",
    },
    "pellucid bench": {
        "pellucid bench lenet5 --train --peers pellucid,torch-eager": "example.bench",
    },
    "pellucid warmup": {
        "pellucid warmup lenet5 --batch 64": "example.warmup",
    },
    "pellucid show": {
        'pellucid show slide --input "0 1 2; 3 4 5; 6 7 8" --kernel "0 1; 2 3" -o slide.gif': "example.slide",
    },
    "pellucid show slide": {
        'pellucid show slide --input "0 1 2; 3 4 5; 6 7 8" --kernel "0 1; 2 3" -o slide.gif': "example.slide",
    },
    "pellucid show convolution": {
        'pellucid show convolution --f "1 2 3" --g "1 1" -o convolution.gif': "example.convolution",
    },
}
