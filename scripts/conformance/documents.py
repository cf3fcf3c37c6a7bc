"""Reads documents that the hub has written with other software, and prints their texts as JSON: openpyxl, python-docx."""
import json
import sys
import warnings

import docx
import openpyxl

warnings.simplefilter('error')


def texts_of_workbook(path):
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell for cell in row] for row in sheet.iter_rows(values_only=True)] for sheet in book}


def texts_of_document(path):
    document = docx.Document(path)
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    pictures = [shape.width for shape in document.inline_shapes]
    return {'paragraphs': [one.text for one in document.paragraphs], 'tables': tables, 'pictures': len(pictures)}


read = {}
for path in sys.argv[1:]:
    read[path] = texts_of_workbook(path) if path.endswith('.xlsx') else texts_of_document(path)
print(json.dumps(read, ensure_ascii=True))
