import re
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from apps.common.static import StaticFiles

SOURCE = Path(__file__).parent.parent.parent / "static"


def test_script_imports_its_modules_under_the_names_of_their_content(tmp_path):
    source, kept = FileSystemStorage(location=SOURCE), StaticFiles(location=tmp_path, base_url="/static/")
    names = [str(file.relative_to(SOURCE)) for file in SOURCE.glob("preavis/matrix*.js")]
    for name in names:
        with source.open(name) as file:
            kept.save(name, file)
    assert not [
        fault for _name, _hashed, fault in kept.post_process({name: (source, name) for name in names}) if fault is not True
    ]
    text = (tmp_path / kept.stored_name("preavis/matrix.js")).read_text(encoding="utf-8")
    imported = re.findall(r'from "\./([^"]+)"', text)
    assert len(imported) == 4
    for name in imported:
        assert re.fullmatch(r"matrix-\w+\.[0-9a-f]{12}\.js", name)
        assert (tmp_path / "preavis" / name).exists()
