/* SPDX-License-Identifier: MIT */
#include "gpu/stand_in_stream.h"

#include "gpu/stand_in_driver.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct queue {
    struct work *works;
    size_t n, room;
    size_t next; /* the first that is still to be done */
};

struct CUstream_st {
    struct queue queue;
    struct CUgraph_st *capture; /* NULL: none is under way */
    struct CUstream_st *next;
};

struct CUevent_st {
    struct CUstream_st *stream; /* NULL: never recorded */
    size_t after;               /* so many works of the stream were before it */
    double seconds;             /* when they were done */
    bool has_time;
};

struct CUgraph_st {
    struct queue queue;
    int users; /* the graph itself, and its executables */
};

struct CUgraphExec_st {
    struct CUgraph_st *graph;
};

/* The stream that is used where none is given, and the first of the list */
static struct CUstream_st usual_stream;

/* ---- queues -------------------------------------------------------------------------------------------- */

static void release(const struct work *work)
{
    if (work->release)
        work->release(work->data);
    else
        free(work->data);
}

static CUresult queue_add(struct queue *queue, struct work work)
{
    if (queue->n == queue->room) {
        const size_t room = queue->room ? 2 * queue->room : 64;
        struct work *const grown = realloc(queue->works, room * sizeof *grown);
        if (!grown) {
            release(&work);
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        queue->works = grown;
        queue->room = room;
    }
    queue->works[queue->n++] = work;
    return CUDA_SUCCESS;
}

static void queue_free(struct queue *queue)
{
    for (size_t i = queue->next; i < queue->n; i++)
        release(&queue->works[i]);
    free(queue->works);
    *queue = (struct queue){.works = NULL};
}

static struct CUstream_st *stream_of(CUstream given)
{
    return given ? given : &usual_stream;
}

/* Does what the stream has to do up to its work number `until`. */
static CUresult run_until(struct CUstream_st *stream, size_t until)
{
    struct queue *const queue = &stream->queue;
    CUresult result = CUDA_SUCCESS;
    while (queue->next < until && result == CUDA_SUCCESS) {
        const struct work work = queue->works[queue->next++];
        result = work.run(work.data);
        release(&work);
    }
    return result;
}

CUresult stream_add(CUstream given, struct work work)
{
    struct CUstream_st *const stream = stream_of(given);
    return queue_add(stream->capture ? &stream->capture->queue : &stream->queue, work);
}

CUresult streams_finish(void)
{
    CUresult result = CUDA_SUCCESS;
    for (struct CUstream_st *stream = &usual_stream; stream; stream = stream->next) {
        const CUresult one = run_until(stream, stream->queue.n);
        result = result == CUDA_SUCCESS ? one : result;
    }
    return result;
}

/* ---- streams ------------------------------------------------------------------------------------------- */

DRIVER_CALL(cuStreamCreate)(CUstream *out, unsigned flags)
{
    ENTER("cuStreamCreate");
    (void)flags;
    struct CUstream_st *const stream = calloc(1, sizeof *stream);
    if (!stream)
        return CUDA_ERROR_OUT_OF_MEMORY;
    stream->next = usual_stream.next;
    usual_stream.next = stream;
    *out = stream;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuStreamSynchronize)(CUstream given)
{
    ENTER("cuStreamSynchronize");
    struct CUstream_st *const stream = stream_of(given);
    if (stream->capture)
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    return driver_keeps(run_until(stream, stream->queue.n));
}

DRIVER_CALL(cuStreamDestroy_v2)(CUstream stream)
{
    ENTER("cuStreamDestroy");
    struct CUstream_st *before = &usual_stream;
    while (before && before->next != stream)
        before = before->next;
    if (!before || !stream)
        return CUDA_ERROR_INVALID_HANDLE;
    const CUresult result = driver_keeps(run_until(stream, stream->queue.n));
    before->next = stream->next;
    queue_free(&stream->queue);
    free(stream);
    return result;
}

/* ---- events -------------------------------------------------------------------------------------------- */

static CUresult note_time(const void *data)
{
    struct timespec now;
    struct CUevent_st *const event = *(struct CUevent_st *const *)data;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    event->seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    event->has_time = true;
    return CUDA_SUCCESS;
}

static CUresult wait_for(const void *data)
{
    const struct CUevent_st *const event = *(struct CUevent_st *const *)data;
    return event->stream ? run_until(event->stream, event->after) : CUDA_SUCCESS;
}

static CUresult add_event(CUstream stream, CUresult (*run)(const void *), CUevent event)
{
    CUevent *const data = malloc(sizeof(CUevent));
    if (!data)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *data = event;
    return stream_add(stream, (struct work){.run = run, .data = data});
}

DRIVER_CALL(cuEventCreate)(CUevent *out, unsigned flags)
{
    ENTER("cuEventCreate");
    (void)flags;
    *out = calloc(1, sizeof **out);
    return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

DRIVER_CALL(cuEventDestroy_v2)(CUevent event)
{
    ENTER("cuEventDestroy");
    const CUresult result = driver_keeps(wait_for(&event)); /* works may hold it */
    free(event);
    return result;
}

DRIVER_CALL(cuEventRecord)(CUevent event, CUstream given)
{
    ENTER("cuEventRecord");
    struct CUstream_st *const stream = stream_of(given);
    const CUresult result = add_event(stream, note_time, event);
    event->stream = stream;
    event->after = stream->queue.n;
    return result;
}

DRIVER_CALL(cuStreamWaitEvent)(CUstream stream, CUevent event, unsigned flags)
{
    ENTER("cuStreamWaitEvent");
    (void)flags;
    return add_event(stream, wait_for, event);
}

DRIVER_CALL(cuEventSynchronize)(CUevent event)
{
    ENTER("cuEventSynchronize");
    return driver_keeps(wait_for(&event));
}

DRIVER_CALL(cuEventElapsedTime)(float *milliseconds, CUevent from, CUevent to)
{
    ENTER("cuEventElapsedTime");
    if (!from->stream || !to->stream)
        return CUDA_ERROR_INVALID_HANDLE;
    if (!from->has_time || !to->has_time)
        return CUDA_ERROR_NOT_READY;
    *milliseconds = (float)(1e3 * (to->seconds - from->seconds));
    return CUDA_SUCCESS;
}

/* ---- graphs -------------------------------------------------------------------------------------------- */

static void graph_drop(struct CUgraph_st *graph)
{
    if (--graph->users > 0)
        return;
    queue_free(&graph->queue);
    free(graph);
}

static void release_graph(void *data)
{
    graph_drop(data);
}

static CUresult run_graph(const void *data)
{
    const struct CUgraph_st *const graph = data;
    CUresult result = CUDA_SUCCESS;
    for (size_t i = 0; i < graph->queue.n && result == CUDA_SUCCESS; i++)
        result = graph->queue.works[i].run(graph->queue.works[i].data);
    return result;
}

DRIVER_CALL(cuStreamBeginCapture_v2)(CUstream given, CUstreamCaptureMode mode)
{
    ENTER("cuStreamBeginCapture");
    (void)mode;
    if (!given || given->capture) /* the usual stream cannot be captured */
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    given->capture = calloc(1, sizeof *given->capture);
    if (!given->capture)
        return CUDA_ERROR_OUT_OF_MEMORY;
    given->capture->users = 1;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuStreamEndCapture)(CUstream stream, CUgraph *out)
{
    ENTER("cuStreamEndCapture");
    if (!stream || !stream->capture)
        return CUDA_ERROR_INVALID_VALUE;
    *out = stream->capture;
    stream->capture = NULL;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuGraphInstantiateWithFlags)(CUgraphExec *out, CUgraph graph, unsigned long long flags)
{
    ENTER("cuGraphInstantiateWithFlags");
    (void)flags;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return CUDA_ERROR_OUT_OF_MEMORY;
    (*out)->graph = graph;
    graph->users++;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuGraphLaunch)(CUgraphExec exec, CUstream stream)
{
    ENTER("cuGraphLaunch");
    exec->graph->users++;
    return stream_add(stream, (struct work){.run = run_graph, .data = exec->graph, .release = release_graph});
}

DRIVER_CALL(cuGraphExecDestroy)(CUgraphExec exec)
{
    ENTER("cuGraphExecDestroy");
    graph_drop(exec->graph);
    free(exec);
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuGraphDestroy)(CUgraph graph)
{
    ENTER("cuGraphDestroy");
    graph_drop(graph);
    return CUDA_SUCCESS;
}
