#!/usr/bin/env python3
"""Makes the bundled fonts from the published ones. Needs fonttools and brotli.

    build.py INTER_DIR JETBRAINS_DIR PHOSPHOR_TTF OUT_DIR

INTER_DIR holds Inter-{Regular,Medium,SemiBold}.woff2 (npm inter-ui, web/), JETBRAINS_DIR holds
JetBrainsMono-Regular.ttf (2.242), PHOSPHOR_TTF is Phosphor.ttf (npm @phosphor-icons/web, regular).

- Kept are Latin, Greek, Cyrillic, punctuation, arrows, maths, geometric shapes. Hinting and ligatures go: `->` in a
  payload has to be seen as two characters.
- Inter's tabular figures become its default ones, so that digits stand in columns without asking the shaper.
"""
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

RANGES = [
    (0x0020, 0x007E), (0x00A0, 0x024F), (0x02B0, 0x036F), (0x0370, 0x03FF), (0x0400, 0x052F), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x2300, 0x23FF), (0x2500, 0x25FF), (0x2600, 0x26FF), (0x2700, 0x27BF), (0x2B00, 0x2BFF),
    (0xFFFD, 0xFFFD),
]
TEXT = [code for first, last in RANGES for code in range(first, last + 1)]


def freeze_tabular_figures(font):
    """Points the characters at the glyphs that `tnum` would put in their place."""
    gsub = font["GSUB"].table
    lookups = {i for r in gsub.FeatureList.FeatureRecord if r.FeatureTag == "tnum" for i in r.Feature.LookupListIndex}
    mapping = {}
    for index in sorted(lookups):
        for table in gsub.LookupList.Lookup[index].SubTable:
            mapping.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    for table in font["cmap"].tables:
        # A hyphen as wide as a figure would tear names apart: figures and signs only.
        for code, glyph in table.cmap.items():
            if chr(code) in "0123456789+−" and glyph in mapping:
                table.cmap[code] = mapping[glyph]


def build(source, target, codes=None, features=("kern", "mark", "mkmk", "ccmp")):
    font = TTFont(source)
    font.flavor = None
    if "Inter" in target.name:
        freeze_tabular_figures(font)
    options = Options(layout_features=list(features), hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes or list(font.getBestCmap()))
    subsetter.subset(font)
    font.save(target)
    print(f"{target.name}: {target.stat().st_size} bytes, {len(font.getGlyphOrder())} glyphs")


def main():
    inter, jetbrains, phosphor, out = map(Path, sys.argv[1:5])
    for weight in ("Regular", "Medium", "SemiBold"):
        build(inter / f"Inter-{weight}.woff2", out / f"Inter-{weight}.ttf", TEXT)
    build(jetbrains / "JetBrainsMono-Regular.ttf", out / "JetBrainsMono-Regular.ttf", TEXT)
    build(phosphor, out / "Phosphor.ttf", None, ())


main()
