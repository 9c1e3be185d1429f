/* SPDX-License-Identifier: MIT
 *
 * The checksum of a safetensors file: XXH3 of all its bytes, where the 16 hexadecimal digits of the checksum
 * itself, in the header's metadata, count as zeros. Known to the reader and the writer of the format only. */
#ifndef GPFC_SAFETENSORS_CHECKSUM_H
#define GPFC_SAFETENSORS_CHECKSUM_H

#include <stddef.h>

#define CHECKSUM_KEY "gpfc.checksum"
#define CHECKSUM_NONE "0000000000000000"
/* What a file with a checksum also says: of which form it is. A form that is not known is a newer gpfc's. */
#define FORMAT_KEY "gpfc.format"
#define FORMAT_NOW "1"

enum { CHECKSUM_DIGITS = sizeof CHECKSUM_NONE - 1 };

/* Where the digits are in the text of a header; NULL: nowhere. */
const char *checksum_place(const char *header, size_t length);

struct piece { /* of a file's bytes */
    const void *bytes;
    size_t length;
};

/* Of the pieces one after another. */
void checksum_of(const struct piece *pieces, size_t n, char digits[CHECKSUM_DIGITS + 1]);

#endif
