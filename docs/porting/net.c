/* A network of four layers in plain C, and every array of it written to a file.

   golden.h and golden.c, which "convproof golden --as c" writes, bring the input and the weights. With --fold the weights of conv1 hold
   bn1 already: compile with -DFOLDED then. -DMISTAKE=1 and -DMISTAKE=2 each change one line, to show what a check says of it. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

enum { CHANNELS = 3, FILTERS = 4, HEIGHT = 10, WIDTH = 6 };

static float conv1[FILTERS][HEIGHT][WIDTH], bn1[FILTERS][HEIGHT][WIDTH], relu[FILTERS][HEIGHT][WIDTH];
static float pool[FILTERS][HEIGHT / 2][WIDTH / 2];

static int dump(const char *name, const float *numbers, size_t count)
{
    char path[256];
    snprintf(path, sizeof path, "dumps/%s.txt", name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return 1;
    for (size_t k = 0; k < count; k++)
        fprintf(file, "%.9g\n", numbers[k]);
    return fclose(file);
}

/* What the convolution reads at a row and a column, which may lie one beyond the edge: the padding is 0. */
static float pixel(int channel, int row, int column)
{
#if MISTAKE == 1 /* the edge is repeated instead */
    row = row < 0 ? 0 : row >= HEIGHT ? HEIGHT - 1 : row;
    column = column < 0 ? 0 : column >= WIDTH ? WIDTH - 1 : column;
#endif
    if (row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH)
        return 0.0f;
    return input[0][channel][row][column];
}

static void convolve(void)
{
    for (int o = 0; o < FILTERS; o++)
        for (int i = 0; i < HEIGHT; i++)
            for (int j = 0; j < WIDTH; j++) {
                float sum = conv1_bias[o];
                for (int c = 0; c < CHANNELS; c++)
                    for (int u = 0; u < 3; u++)
                        for (int v = 0; v < 3; v++)
                            sum += conv1_weight[o][c][u][v] * pixel(c, i + u - 1, j + v - 1);
                conv1[o][i][j] = sum;
            }
}

#ifndef FOLDED
static void normalise(void)
{
#if MISTAKE == 2 /* the eps of another framework */
    const float eps = 1e-3f;
#else
    const float eps = 1e-5f;
#endif
    for (int o = 0; o < FILTERS; o++)
        for (int i = 0; i < HEIGHT; i++)
            for (int j = 0; j < WIDTH; j++)
                bn1[o][i][j] = (conv1[o][i][j] - bn1_running_mean[o]) / sqrtf(bn1_running_var[o] + eps) * bn1_weight[o] + bn1_bias[o];
}
#endif

static void rectify(void)
{
    for (int o = 0; o < FILTERS; o++)
        for (int i = 0; i < HEIGHT; i++)
            for (int j = 0; j < WIDTH; j++)
                relu[o][i][j] = fmaxf(bn1[o][i][j], 0.0f);
}

static void pool_largest(void)
{
    for (int o = 0; o < FILTERS; o++)
        for (int i = 0; i < HEIGHT / 2; i++)
            for (int j = 0; j < WIDTH / 2; j++) {
                float left = fmaxf(relu[o][2 * i][2 * j], relu[o][2 * i + 1][2 * j]);
                float right = fmaxf(relu[o][2 * i][2 * j + 1], relu[o][2 * i + 1][2 * j + 1]);
                pool[o][i][j] = fmaxf(left, right);
            }
}

#define DUMP(array) dump(#array, (const float *)array, sizeof array / sizeof(float))

/* "net 1" writes the first layer alone. */
int main(int count, char **arguments)
{
    int layers = count > 1 ? atoi(arguments[1]) : 4, failed = 0;
    convolve();
#ifdef FOLDED
    memcpy(bn1, conv1, sizeof bn1);
#else
    failed += DUMP(conv1);
    normalise();
#endif
    rectify();
    pool_largest();
    if (layers > 1)
        failed += DUMP(bn1);
    if (layers > 2)
        failed += DUMP(relu);
    if (layers > 3)
        failed += DUMP(pool);
    return failed != 0;
}
