/* SPDX-License-Identifier: MIT
 *
 * Evaluation of a graph by the names of its ports. */
#include "bindings.h"

#include <assert.h>
#include <string.h>

bool evaluate_by_interpreter(void *data, const struct ir_graph *graph, int batch, const double *const *in,
                             double *const *out)
{
    (void)data;
    ir_eval(graph, batch, in, out);
    return true;
}

static int place_of(const struct bindings *bindings, const char *name)
{
    for (int i = 0; i < bindings->n; i++) {
        if (strcmp(bindings->name[i], name) == 0)
            return i;
    }
    return bindings->n;
}

void bind(struct bindings *bindings, const char *name, const double *values)
{
    const int i = place_of(bindings, name);
    assert(i < MAX_BINDINGS);
    bindings->name[i] = name;
    bindings->values[i] = values;
    bindings->n += i == bindings->n;
}

static double *output_room(const struct ir_graph *graph, const struct ir_node *value, int batch)
{
    const size_t rows = value->rate == IR_VARYING ? (size_t)batch : 1;
    return ARENA_ARRAY(graph->arena, double, rows *(size_t)ir_elements(value->shape));
}

double **evaluate_bound(const struct ir_graph *graph, int batch, const struct bindings *bindings,
                        evaluate_function *evaluate, void *data)
{
    const double **in = ARENA_ARRAY(graph->arena, const double *, (size_t)graph->n_inputs);
    double **out = ARENA_ARRAY(graph->arena, double *, (size_t)graph->n_outputs);
    for (int i = 0; i < graph->n_inputs; i++) {
        const int place = place_of(bindings, graph->inputs[i]->input.name);
        assert(place < bindings->n && "an input is not bound");
        in[i] = bindings->values[place];
    }
    for (int i = 0; i < graph->n_outputs; i++)
        out[i] = output_room(graph, graph->outputs[i].value, batch);
    return evaluate(data, graph, batch, in, out) ? out : NULL;
}

double *output_of(const struct ir_graph *graph, double *const *out, const char *name)
{
    for (int i = 0; i < graph->n_outputs; i++) {
        if (strcmp(graph->outputs[i].name, name) == 0)
            return out[i];
    }
    assert(!"the graph has no such output");
    return NULL;
}
