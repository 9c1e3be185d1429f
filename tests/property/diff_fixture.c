/* SPDX-License-Identifier: MIT
 *
 * Numbers for graphs under test; see the header. */
#include "diff_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double uniform_number(uint64_t key, uint64_t i) /* in (-1, 1) */
{
    const uint64_t pair[2] = {key, i};
    return ((double)(hash_bytes(pair, sizeof pair, 77) >> 11) + 0.5) / 4503599627370496.0 - 1.0;
}

static uint64_t key_of(uint64_t seed, const char *purpose, const char *name)
{
    return hash_bytes(name, strlen(name), hash_bytes(purpose, strlen(purpose), seed));
}

static size_t numbers_of(const struct ir_node *node, int batch)
{
    return (size_t)ir_elements(node->shape) * (node->rate == IR_VARYING ? (size_t)batch : 1);
}

static bool is_moved(const struct fixture *f, const char *name)
{
    for (int w = 0; w < f->n_wrt; w++)
        if (strcmp(f->wrt[w], name) == 0)
            return true;
    return false;
}

/* The direction in which an input is moved. */
static double direction(const struct fixture *f, const char *name, uint64_t i)
{
    return uniform_number(key_of(f->seed, "direction", name), i);
}

double **fixture_eval(const struct fixture *f, const struct ir_graph *graph, double step)
{
    double **in = ARENA_ARRAY(graph->arena, double *, (size_t)graph->n_inputs + 1);
    double **out = ARENA_ARRAY(graph->arena, double *, (size_t)graph->n_outputs + 1);
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct ir_node *input = graph->inputs[i];
        const char *name = input->input.name;
        const size_t n = numbers_of(input, f->batch);
        in[i] = ARENA_ARRAY(graph->arena, double, n);
        for (size_t k = 0; k < n; k++)
            in[i][k] = uniform_number(key_of(f->seed, "value", name), k) +
                       (is_moved(f, name) ? step * direction(f, name, k) : 0);
    }
    for (int k = 0; k < graph->n_outputs; k++)
        out[k] = ARENA_ARRAY(graph->arena, double, numbers_of(graph->outputs[k].value, f->batch));
    ir_eval(graph, f->batch, (const double *const *)in, out);
    return out;
}

static int output_index(const struct ir_graph *graph, const char *name)
{
    for (int k = 0; k < graph->n_outputs; k++)
        if (strcmp(graph->outputs[k].name, name) == 0)
            return k;
    return -1;
}

double fixture_total(const struct fixture *f, const struct ir_graph *graph, const char *of, double step)
{
    double **out = fixture_eval(f, graph, step);
    const int k = output_index(graph, of);
    double total = 0;
    for (size_t i = 0; i < numbers_of(graph->outputs[k].value, f->batch); i++)
        total += out[k][i];
    return total;
}

double fixture_difference(const struct fixture *f, const struct ir_graph *graph, const char *of)
{
    const double h = 1e-3;
    const double near = fixture_total(f, graph, of, h) - fixture_total(f, graph, of, -h);
    const double far = fixture_total(f, graph, of, 2 * h) - fixture_total(f, graph, of, -2 * h);
    return (8 * near - far) / (12 * h);
}

/* A gradient that turned out to be the same for all samples is stored once. */
static double gradient_times(const struct fixture *f, const struct ir_node *input,
                             const struct ir_node *gradient, const double *values, const char *purpose)
{
    const size_t n = numbers_of(input, f->batch), stored = numbers_of(gradient, f->batch);
    const uint64_t key = key_of(f->seed, purpose, input->input.name);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i % stored] * uniform_number(key, i);
    return sum;
}

double fixture_slope(const struct fixture *f, const struct ir_graph *gradient, const char *prefix)
{
    double **out = fixture_eval(f, gradient, 0);
    double sum = 0;
    for (int w = 0; w < f->n_wrt; w++) {
        const int k = output_index(gradient, arena_printf(gradient->arena, "%s.%s", prefix, f->wrt[w]));
        sum += gradient_times(f, ir_input_find(gradient, f->wrt[w]), gradient->outputs[k].value, out[k],
                              "direction");
    }
    return sum;
}

double fixture_gap(double a, double b)
{
    const double size = fmax(1, fmax(fabs(a), fabs(b)));
    const double gap = fabs(a - b) / size;
    return isnan(gap) ? INFINITY : gap;
}

double fixture_distance(const struct fixture *f, const struct ir_graph *a, const struct ir_graph *b)
{
    double **x = fixture_eval(f, a, 0), **y = fixture_eval(f, b, 0);
    double worst = 0;
    for (int k = 0; k < a->n_outputs; k++) {
        const int j = output_index(b, a->outputs[k].name);
        const size_t n = numbers_of(a->outputs[k].value, f->batch);
        const size_t m = j < 0 ? 0 : numbers_of(b->outputs[j].value, f->batch);
        if (m == 0)
            return INFINITY;
        for (size_t i = 0; i < (n > m ? n : m); i++)
            worst = fmax(worst, fixture_gap(x[k][i % n], y[j][i % m]));
    }
    return worst;
}

double fixture_dot_gap(const struct fixture *f, const struct ir_graph *forward,
                       const struct ir_graph *pullback, const char *prefix, int n_of, const char *const *of)
{
    double **dots = fixture_eval(f, forward, 0), **grads = fixture_eval(f, pullback, 0);
    double left = 0, right = 0;
    for (int o = 0; o < n_of; o++) {
        const char *cot = arena_printf(forward->arena, "cot.%s", of[o]);
        const struct ir_node *input = ir_input_find(pullback, cot);
        const int k = output_index(forward, arena_printf(forward->arena, "d.%s", of[o]));
        left += gradient_times(f, input, forward->outputs[k].value, dots[k], "value");
    }
    for (int w = 0; w < f->n_wrt; w++) {
        const int k = output_index(pullback, arena_printf(pullback->arena, "%s.%s", prefix, f->wrt[w]));
        const char *dot = arena_printf(forward->arena, "dot.%s", f->wrt[w]);
        right +=
            gradient_times(f, ir_input_find(forward, dot), pullback->outputs[k].value, grads[k], "value");
    }
    return fixture_gap(left, right);
}
