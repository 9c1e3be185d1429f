/* SPDX-License-Identifier: MIT
 *
 * Samples, their answers, and tiles made of them. */
#include "tune/tune_case.h"

#include <math.h>
#include <string.h>

enum {
    SAMPLES = 5,   /* a prime: neighbouring lanes differ, and so do lanes a power of two apart */
    MOST_TRIES = 8 /* with smaller and smaller parameters */
};

static const char WEIGHT[] = "weight";

struct tune_case {
    const struct ir_graph *graph;
    double *in[GPFC_MAX_PORTS];  /* by input: uniform [elements], varying [SAMPLES][elements] */
    double *out[GPFC_MAX_PORTS]; /* by output: [SAMPLES][elements], the total of that sample alone with weight
                                    1 */
    double largest;              /* of all outputs */
};

/* ---- random numbers ------------------------------------------------------------------------------------ */

/* On (0, 1), of a seed and a place. */
static double uniform_number(uint64_t seed, uint64_t place)
{
    return ((double)(hash_bytes(&place, sizeof place, seed) >> 11) + 0.5) * 0x1p-53;
}

static double normal_number(uint64_t seed, uint64_t place)
{
    const double pi = 3.14159265358979323846;
    return sqrt(-2 * log(uniform_number(seed, 2 * place))) *
           cos(2 * pi * uniform_number(seed, 2 * place + 1));
}

/* ---- inputs -------------------------------------------------------------------------------------------- */

static long count(const struct ir_node *input)
{
    return ir_elements(input->shape) * (input->rate == IR_VARYING ? SAMPLES : 1);
}

/* Weights as a training begins with them, biases that are not 0. */
static double deviation(const struct ir_node *input, double scale)
{
    if (input->input.role != IR_PARAMETER)
        return 1;
    const int rank = input->shape.rank;
    return rank < 2 ? 0.1 * scale : scale / sqrt(input->shape.size[rank - 1]);
}

/* Half of the rounds of loops that have so many at most: some are run and some are not. */
static double half_of_rounds(const struct ir_graph *graph)
{
    int most = 0;
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (node->op == IR_STEPS && node->steps->limited && node->steps->count > most)
            most = node->steps->count;
    }
    return (most + 1) / 2;
}

static void fill_input(const struct tune_case *c, const struct ir_node *input, uint64_t seed, double scale,
                       double *out)
{
    for (long i = 0; i < count(input); i++) {
        if (strcmp(input->input.name, WEIGHT) == 0)
            out[i] = 1;
        else if (input == ir_limit(c->graph))
            out[i] = half_of_rounds(c->graph);
        else if (input->input.role == IR_SETTING)
            out[i] = uniform_number(seed, (uint64_t)i);
        else
            out[i] = deviation(input, scale) * normal_number(seed, (uint64_t)i);
    }
}

/* ---- answers ------------------------------------------------------------------------------------------- */

static void evaluate_sample(const struct tune_case *c, int sample)
{
    const double *in[GPFC_MAX_PORTS];
    double *out[GPFC_MAX_PORTS];
    for (int i = 0; i < c->graph->n_inputs; i++) {
        const struct ir_node *input = c->graph->inputs[i];
        in[i] = c->in[i] + (input->rate == IR_VARYING ? sample * ir_elements(input->shape) : 0);
    }
    for (int o = 0; o < c->graph->n_outputs; o++)
        out[o] = c->out[o] + sample * ir_elements(c->graph->outputs[o].value->shape);
    ir_eval(c->graph, 1, in, out);
}

static double largest_of(const double *values, long n)
{
    double largest = 0;
    for (long i = 0; i < n; i++) {
        const double size = fabs(values[i]);
        if (!(size <= largest))
            largest = isfinite(size) ? size : INFINITY;
    }
    return largest;
}

/* Loops that may run fewer rounds run all they have. */
static void fill_limit(const struct tune_case *c)
{
    for (int i = 0; i < c->graph->n_inputs; i++)
        for (int id = 0; id < c->graph->n_nodes && c->graph->inputs[i] == ir_limit(c->graph); id++)
            if (c->graph->nodes[id]->op == IR_STEPS && c->graph->nodes[id]->steps->limited)
                c->in[i][0] = c->graph->nodes[id]->steps->count;
}

static double evaluate(const struct tune_case *c, double scale)
{
    for (int i = 0; i < c->graph->n_inputs; i++)
        fill_input(c, c->graph->inputs[i], (uint64_t)i + 1, scale, c->in[i]);
    fill_limit(c);
    for (int k = 0; k < SAMPLES; k++)
        evaluate_sample(c, k);
    double largest = 0;
    for (int o = 0; o < c->graph->n_outputs; o++)
        largest =
            fmax(largest, largest_of(c->out[o], SAMPLES * ir_elements(c->graph->outputs[o].value->shape)));
    return largest;
}

/* Every output is a total, and every sample has a weight. */
static bool is_training(const struct ir_graph *graph)
{
    const struct ir_node *weight = ir_input_find(graph, WEIGHT);
    if (!weight || weight->rate != IR_VARYING || ir_elements(weight->shape) != 1)
        return false;
    for (int o = 0; o < graph->n_outputs; o++)
        if (graph->outputs[o].value->rate == IR_VARYING)
            return false;
    return graph->n_inputs <= GPFC_MAX_PORTS && graph->n_outputs <= GPFC_MAX_PORTS;
}

const struct tune_case *tune_case_new(struct arena *arena, const struct ir_graph *graph, const char **fault)
{
    struct tune_case *c = ARENA_NEW(arena, struct tune_case);
    c->graph = graph;
    *fault = "not a training program";
    if (!is_training(graph))
        return NULL;
    for (int i = 0; i < graph->n_inputs; i++)
        c->in[i] = ARENA_ARRAY(arena, double, (size_t)count(graph->inputs[i]) + 1);
    for (int o = 0; o < graph->n_outputs; o++)
        c->out[o] =
            ARENA_ARRAY(arena, double, (size_t)ir_elements(graph->outputs[o].value->shape) * SAMPLES + 1);
    double scale = 1;
    for (int i = 0; i < MOST_TRIES; i++, scale /= 2) {
        c->largest = evaluate(c, scale);
        if (isfinite(c->largest))
            return c;
    }
    *fault = "the interpreter's values are not finite, so there is nothing to compare with";
    return NULL;
}

/* ---- tiles --------------------------------------------------------------------------------------------- */

/* Which input or output of the graph a port is; -1: none, or one of another size. */
static int find_input(const struct tune_case *c, const struct gpfc_port *port)
{
    for (int i = 0; i < c->graph->n_inputs; i++)
        if (strcmp(c->graph->inputs[i]->input.name, port->name) == 0)
            return ir_elements(c->graph->inputs[i]->shape) == port->elements ? i : -1;
    return -1;
}

static int find_output(const struct tune_case *c, const struct gpfc_port *port)
{
    for (int o = 0; o < c->graph->n_outputs; o++)
        if (strcmp(c->graph->outputs[o].name, port->name) == 0)
            return ir_elements(c->graph->outputs[o].value->shape) == port->elements ? o : -1;
    return -1;
}

static bool ports_match(const struct tune_case *c, const struct gpfc_kernel *kernel)
{
    for (int64_t i = 0; i < kernel->n_in; i++)
        if (find_input(c, &kernel->in[i]) < 0)
            return false;
    for (int64_t o = 0; o < kernel->n_out; o++)
        if (find_output(c, &kernel->out[o]) < 0 || tune_port_varies(&kernel->out[o]))
            return false;
    return kernel->n_out == c->graph->n_outputs;
}

struct lane { /* of a tile */
    int sample;
    double weight;
};

static void fill_port(const struct tune_case *c, const struct tune_run *run, int64_t i,
                      const struct lane *lane)
{
    const struct gpfc_port *port = &run->kernel->in[i];
    const double *from = c->in[find_input(c, port)];
    const bool is_weight = strcmp(port->name, WEIGHT) == 0;
    for (long e = 0; e < port->elements; e++) {
        if (!tune_port_varies(port))
            tune_put(run, run->in[i], e, from[e]);
        else
            for (int l = 0; l < run->lanes; l++)
                tune_put(run, run->in[i], e * run->lanes + l,
                         is_weight ? lane[l].weight : from[lane[l].sample * port->elements + e]);
    }
}

static void fill(const struct tune_case *c, const struct tune_run *run, const struct lane *lane)
{
    for (int64_t i = 0; i < run->kernel->n_in; i++)
        fill_port(c, run, i, lane);
}

/* What a tile holds: `used` lanes with weights that differ, then lanes that repeat the last with weight 0. */
static void choose_lanes(const struct tune_run *run, int used, int seed, struct lane *lane)
{
    for (int l = 0; l < run->lanes; l++)
        lane[l] = l < used
                      ? (struct lane){(l + seed) % SAMPLES, 0.5 + uniform_number((uint64_t)seed, (uint64_t)l)}
                      : (struct lane){lane[used - 1].sample, 0};
}

enum { MOST_LANES = 4096 };

void tune_case_fill(const struct tune_case *c, const struct tune_run *run, long batch)
{
    struct lane lane[MOST_LANES];
    for (int l = 0; l < run->lanes; l++)
        lane[l] = (struct lane){l % SAMPLES, 1.0 / (double)batch};
    fill(c, run, lane);
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

static double output_error(const struct tune_case *c, const struct tune_run *run, int64_t port,
                           const double *weight)
{
    const int o = find_output(c, &run->kernel->out[port]);
    const long n = run->kernel->out[port].elements;
    double worst = 0, largest = 0;
    for (long i = 0; i < n; i++) {
        double wanted = 0;
        for (int k = 0; k < SAMPLES; k++)
            wanted += weight[k] * c->out[o][k * n + i];
        const double difference = fabs(tune_get(run, run->out[port], i) - wanted);
        worst = isnan(difference) ? INFINITY : fmax(worst, difference);
        largest = fmax(largest, fabs(wanted));
    }
    largest = fmax(largest, 1e-3 * c->largest);
    return worst == 0 ? 0 : worst / largest;
}

double tune_case_error(const struct tune_case *c, const struct tune_run *run)
{
    struct lane lane[MOST_LANES];
    double weight[SAMPLES] = {0}, worst = 0;
    if (!ports_match(c, run->kernel))
        return -1;
    for (int tile = 0; tile < 2; tile++) {
        choose_lanes(run, tile == 0 ? run->lanes : run->lanes / 2 + 1, 3 * tile + 1, lane);
        for (int l = 0; l < run->lanes; l++)
            weight[lane[l].sample] += lane[l].weight;
        fill(c, run, lane);
        if (tile == 0)
            tune_run_begin(run);
        tune_run_tile(run);
    }
    tune_run_end(run);
    for (int64_t o = 0; o < run->kernel->n_out; o++)
        worst = fmax(worst, output_error(c, run, o, weight));
    return worst;
}

double tune_case_tolerance(enum real real)
{
    return real == REAL_8 ? 1e-9 : 2e-3;
}
