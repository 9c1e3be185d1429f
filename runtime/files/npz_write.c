/* SPDX-License-Identifier: MIT
 *
 * Takes .npy files, gives an .npz of them. libzip would write to a file of its own beside the target; here it
 * writes through a source of ours into a safe_file, whose rules hold then, and whose faults are reported. */
#include "files/npz.h"

#include "files/npz_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zip.h>

/* ---- where the archive goes ---------------------------------------------------------------------------- */

struct sink {
    struct safe_file *file;
    int64_t place, length; /* of the next byte; of what was written */
    struct fault *fault;
    bool has_failed; /* and the fault says why */
    zip_error_t error;
};

static zip_int64_t refuse(struct sink *sink, int zip_code, int system_code)
{
    zip_error_set(&sink->error, zip_code, system_code);
    return -1;
}

static zip_int64_t fail(struct sink *sink)
{
    sink->has_failed = true;
    return refuse(sink, ZIP_ER_WRITE, 0);
}

static zip_int64_t write_bytes(struct sink *sink, const void *data, zip_uint64_t bytes)
{
    if (!safe_file_write(sink->file, data, bytes, sink->fault))
        return fail(sink);
    sink->place += (int64_t)bytes;
    if (sink->length < sink->place)
        sink->length = sink->place;
    return (zip_int64_t)bytes;
}

static zip_int64_t seek(struct sink *sink, void *data, zip_uint64_t bytes)
{
    const zip_int64_t place = zip_source_seek_compute_offset(
        (zip_uint64_t)sink->place, (zip_uint64_t)sink->length, data, bytes, &sink->error);
    if (place < 0)
        return -1;
    if (!safe_file_seek(sink->file, place, sink->fault))
        return fail(sink);
    sink->place = place;
    return 0;
}

/* What libzip asks of the source that an archive is written to; nothing is read from it. */
static zip_int64_t sink_call(void *state, void *data, zip_uint64_t bytes, zip_source_cmd_t command)
{
    struct sink *const sink = state;
    switch ((int)command) {
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_WRITABLE;
    case ZIP_SOURCE_STAT: /* there is no such archive yet */
        return refuse(sink, ZIP_ER_READ, ENOENT);
    case ZIP_SOURCE_WRITE:
        return write_bytes(sink, data, bytes);
    case ZIP_SOURCE_SEEK_WRITE:
        return seek(sink, data, bytes);
    case ZIP_SOURCE_TELL_WRITE:
        return sink->place;
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&sink->error, data, bytes);
    case ZIP_SOURCE_BEGIN_WRITE:
    case ZIP_SOURCE_COMMIT_WRITE: /* the safe_file is committed later */
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        return refuse(sink, ZIP_ER_OPNOTSUPP, 0);
    }
}

/* ---- members ------------------------------------------------------------------------------------------- */

static zip_source_t *member_source(zip_t *zip, const struct npz_member *member)
{
    const int own = fcntl(member->descriptor, F_DUPFD_CLOEXEC, 0);
    FILE *const file = own >= 0 && lseek(own, 0, SEEK_SET) == 0 ? fdopen(own, "rb") : NULL;
    zip_source_t *const source = file ? zip_source_filep(zip, file, 0, -1) : NULL;
    if (!file)
        zip_error_set(zip_get_error(zip), ZIP_ER_OPEN, errno);
    if (!source && file)
        (void)fclose(file);
    else if (!file && own >= 0)
        close(own);
    return source;
}

static bool add_member(zip_t *zip, const struct npz_member *member)
{
    enum { DOS_TIME = 0, DOS_DATE = 1 << 5 | 1 };
    char name[NPZ_NAME_BYTES];
    (void)snprintf(name, sizeof name, "%s.npy", member->name);
    zip_source_t *const source = member_source(zip, member);
    const zip_int64_t index = source ? zip_file_add(zip, name, source, ZIP_FL_OVERWRITE) : -1;
    if (index < 0 && source)
        zip_source_free(source);
    return index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(zip, (zip_uint64_t)index, DOS_TIME, DOS_DATE, 0) == 0;
}

/* ---- the archive --------------------------------------------------------------------------------------- */

/* Where memory lacks, libzip may report another error, or none. errno is 0 before it is called. */
static bool cannot_write(const struct sink *sink, const char *path, zip_error_t *error)
{
    const struct npz_error of_system =
        errno == ENOMEM ? (struct npz_error){.number = ENOMEM} : npz_error_of(error);
    if (sink->has_failed)
        return false;
    return of_system.number
               ? fault_system(sink->fault, of_system.call, of_system.number, "cannot write %s", path)
               : fault_set(sink->fault, FAULT_SYSTEM, "cannot write %s: %s", path, zip_error_strerror(error));
}

static bool fill(zip_t *zip, const struct sink *sink, const char *path, const struct npz_member *members,
                 int n)
{
    bool good = true;
    for (int i = 0; i < n && good; i++)
        good = add_member(zip, &members[i]);
    if (good && zip_close(zip) == 0)
        return true;
    (void)cannot_write(sink, path, zip_get_error(zip));
    zip_discard(zip);
    return false;
}

static bool write_zip(struct sink *sink, const char *path, const struct npz_member *members, int n)
{
    errno = 0;
    zip_source_t *const source = zip_source_function_create(sink_call, sink, &sink->error);
    zip_t *const zip = source ? zip_open_from_source(source, ZIP_CREATE, &sink->error) : NULL;
    if (zip)
        return fill(zip, sink, path, members, n);
    (void)cannot_write(sink, path, &sink->error);
    if (source)
        zip_source_free(source);
    return false;
}

bool npz_make(struct safe_file *file, const char *path, const struct npz_member *members, int n,
              struct fault *fault)
{
    struct sink sink = {.file = file, .fault = fault};
    zip_error_init(&sink.error);
    const bool good = safe_file_seek(file, 0, fault) && write_zip(&sink, path, members, n);
    zip_error_fini(&sink.error);
    if (good)
        return safe_file_commit(file, fault);
    safe_file_abandon(file);
    return false;
}
