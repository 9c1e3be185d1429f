/* SPDX-License-Identifier: MIT */
#include "files/table_names.h"

#include "files/byte_source.h"
#include "ground/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const struct table_format *const formats[] = {&table_npy, &table_npz, &table_csv,
                                                     &table_tsv, &table_txt, &table_parquet};
enum { FORMATS = sizeof formats / sizeof formats[0] };

const struct table_format *table_format_of_suffix(const char *path)
{
    for (int i = 0; i < FORMATS; i++)
        if (ends_with(path, formats[i]->suffix))
            return formats[i];
    return NULL;
}

const struct table_format *table_format_of_word(const char *word, struct fault *fault)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(word, formats[i]->name) == 0)
            return formats[i];
    (void)fault_set(fault, FAULT_INPUT, "no format '%s'; known are npy, npz, csv, tsv, txt and parquet",
                    word);
    return NULL;
}

static bool begins(const unsigned char *bytes, size_t n, const char *with, size_t length)
{
    return n >= length && memcmp(bytes, with, length) == 0;
}

const struct table_format *table_format_of_bytes(const unsigned char *bytes, size_t n)
{
    if (begins(bytes, n, "\x93NUMPY", 6))
        return &table_npy;
    if (begins(bytes, n, "PK\x03\x04", 4) || begins(bytes, n, "PK\x05\x06", 4))
        return &table_npz;
    if (begins(bytes, n, "PAR1", 4))
        return &table_parquet;
    return &table_csv;
}

/* ---- what is not read ---------------------------------------------------------------------------------- */

static const struct {
    const char *suffix, *start; /* of the name; of the bytes */
    const char *what, *way_out;
} others[] = {
    {".feather", "ARROW1", "an Arrow file", "pandas.read_feather(FILE).to_csv(\"FILE.csv\", index=False)"},
    {".h5", "\x89HDF", "an HDF5 file", "numpy.save(\"FILE.npy\", h5py.File(FILE)[NAME][:])"},
    {".xlsx", "\xD0\xCF\x11\xE0", "a spreadsheet", "save it as .csv"},
    {".gz", "\x1F\x8B", "a compressed file", "gunzip -c FILE | ... with - for the file's name"},
};

static bool tell_other(const char *name, size_t i, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "%s: %s, which gpfc does not read or write; convert it: %s", name,
                     others[i].what, others[i].way_out);
}

bool table_path_known(const char *path, struct fault *fault)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (ends_with(path, others[i].suffix))
            return tell_other(path, i, fault);
    return true;
}

bool table_bytes_known(const char *name, const unsigned char *bytes, size_t n, struct fault *fault)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (begins(bytes, n, others[i].start, strlen(others[i].start)))
            return tell_other(name, i, fault);
    return true;
}

/* ---- by a path ----------------------------------------------------------------------------------------- */

bool table_format_find(const struct byte_source *source, const char *name, const struct table_format **out,
                       struct fault *fault)
{
    unsigned char first[BYTE_SOURCE_AHEAD];
    size_t got;
    *out = table_format_of_suffix(name);
    if (*out)
        return true;
    if (!byte_source_peek(source, name, first, &got, fault))
        return false;
    *out = table_format_of_bytes(first, got);
    return table_bytes_known(name, first, got, fault);
}

bool table_is_stream(const char *path)
{
    struct stat there;
    return strcmp(path, "-") == 0 ||
           (stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode));
}

bool table_format(const char *path, char format[TABLE_FORMAT_ROOM], struct fault *fault)
{
    const struct table_format *found;
    struct byte_source source;
    format[0] = 0;
    if (table_is_stream(path))
        return true;
    if (!table_path_known(path, fault) || !byte_source_open(&source, path, fault))
        return false;
    const bool good = table_format_find(&source, path, &found, fault);
    byte_source_close(&source);
    if (good)
        (void)snprintf(format, TABLE_FORMAT_ROOM, "%s", found->name);
    return good;
}

bool table_has_suffix(const char *path, size_t length)
{
    for (int i = 0; i < FORMATS; i++) {
        const size_t tail = strlen(formats[i]->suffix);
        if (length > tail && strncasecmp(path + length - tail, formats[i]->suffix, tail) == 0)
            return true;
    }
    return false;
}
