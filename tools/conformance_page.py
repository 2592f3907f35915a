#!/usr/bin/python3
"""The second half of docs/conformance.md, from the stories in tests/functional: what is asserted, clause by clause.

tools/conformance_page.py           writes it
tools/conformance_page.py --check   says whether it is as the stories are
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests" / "functional"
PAGE = ROOT / "docs" / "conformance.md"
BEGIN = "## Clause by clause\n"
sys.path.insert(0, str(TESTS))

from stories import Story  # noqa: E402 (lies beside the stories)

CLAUSES = {
    "4.3.6.8": "Entities as an older version knew them",
    "4.5.0": "Representations, and values that are none",
    "4.5.1": "Entity",
    "4.5.2": "Property",
    "4.5.3": "Relationship",
    "4.5.4": "Simplified representation",
    "4.5.5": "Several instances of an attribute",
    "4.5.16": "GeoJSON",
    "4.5.17": "Simplified GeoJSON",
    "4.5.18": "LanguageProperty",
    "4.5.20": "VocabProperty",
    "4.5.21": "ListProperty",
    "4.5.22": "ListRelationship",
    "4.5.23": "Linked entities",
    "4.5.24": "JsonProperty",
    "4.6.2": "Names",
    "4.6.3": "Data types",
    "4.6.4": "Characters",
    "4.7": "Geometries",
    "4.9": "Query language",
    "4.10": "Geo-queries",
    "4.12": "Pages",
    "4.13": "Counts",
    "4.14": "Tenants",
    "4.15": "Language filter",
    "4.16": "Several types",
    "4.17": "Type selection",
    "4.18": "Scopes",
    "4.19": "Scope queries",
    "4.21": "Projection",
    "4.22": "Transient entities and attributes",
    "4.23": "Order",
    "5.5.4": "Validation",
    "5.5.5": "Where the @context comes from",
    "5.5.6": "Contexts that are not available",
    "5.5.7": "Names to IRIs and back",
    "5.5.8": "Partial updates and the NGSI-LD null",
    "5.5.10": "Tenants that are not there",
    "5.5.12": "Merges and the NGSI-LD null",
    "5.6.1": "Create Entity",
    "5.6.2": "Update Attributes",
    "5.6.3": "Append Attributes",
    "5.6.4": "Partial Attribute Update",
    "5.6.5": "Delete Attribute",
    "5.6.6": "Delete Entity",
    "5.6.7": "Batch Create",
    "5.6.8": "Batch Upsert",
    "5.6.9": "Batch Update",
    "5.6.10": "Batch Delete",
    "5.6.17": "Merge Entity",
    "5.6.18": "Replace Entity",
    "5.6.19": "Replace Attribute",
    "5.6.20": "Batch Merge",
    "5.6.21": "Purge Entities",
    "5.7.1": "Retrieve Entity",
    "5.7.2": "Query Entities",
    "5.7.5": "Types",
    "5.7.6": "Types, with details",
    "5.7.7": "One type",
    "5.7.8": "Attributes",
    "5.7.9": "Attributes, with details",
    "5.7.10": "One attribute",
    "5.13.2": "Add a context",
    "5.13.3": "List contexts",
    "5.13.4": "Serve a context",
    "5.13.5": "Delete or reload a context",
    "5.15.1": "Source identity",
    "6.3.2": "Errors",
    "6.3.3": "Methods",
    "6.3.4": "Preconditions and media types",
    "6.3.5": "The Link header",
    "6.3.6": "What answers have in common",
    "6.3.7": "Parameters",
    "6.3.11": "System times",
    "6.3.14": "The NGSILD-Tenant header",
}

def made():
    out = [BEGIN]
    folders = {f.parent for f in TESTS.rglob("*.http")}
    for folder in sorted(folders, key=lambda f: [int(n) for n in f.name.split(".")]):
        out.append(f"\n### {folder.name} {CLAUSES[folder.name]}\n\n| asserted | story |\n|---|---|\n")
        for file in sorted(folder.glob("*.http")):
            story = Story(file.read_text(), file.name)
            asserted = story.says.replace("|", "\\|")
            out.append(f"| {asserted} | [{file.stem}](../tests/functional/{folder.name}/{file.name}) |\n")
    return "".join(out)

def main():
    page = PAGE.read_text()
    by_hand = page[:page.index(BEGIN)]
    if "--check" in sys.argv[1:]:
        sys.exit(0 if page == by_hand + made() else "docs/conformance.md is not as the stories are: tools/conformance_page.py")
    PAGE.write_text(by_hand + made())

if __name__ == "__main__":
    main()
