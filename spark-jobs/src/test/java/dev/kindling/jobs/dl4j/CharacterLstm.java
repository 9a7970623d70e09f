package dev.kindling.jobs.dl4j;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.corpus.BundledCorpus;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** An LSTM that learns to write the State of the Union, one character after the other. */
final class CharacterLstm {
  private static final String ALPHABET = " abcdefghijklmnopqrstuvwxyz.,;'\n";

  private CharacterLstm() {
  }

  static MultiLayerNetwork network(IUpdater updater, int width) {
    MultiLayerNetwork network = new MultiLayerNetwork(configuration(updater, width));
    network.init();
    return network;
  }

  /** Gradients flow back through so many characters only; an update each. */
  static MultiLayerNetwork truncated(IUpdater updater, int width, int length) {
    MultiLayerConfiguration configuration = configuration(updater, width);
    configuration.setBackpropType(BackpropType.TruncatedBPTT);
    configuration.setTbpttFwdLength(length);
    configuration.setTbpttBackLength(length);
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    return network;
  }

  private static MultiLayerConfiguration configuration(IUpdater updater, int width) {
    return new NeuralNetConfiguration.Builder().seed(12).updater(updater)
        .l2(1e-4).list().layer(new LSTM.Builder().nOut(width).activation(Activation.TANH).build())
        .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(ALPHABET.length()).activation(Activation.SOFTMAX)
            .build())
        .setInputType(InputType.recurrent(ALPHABET.length())).build();
  }

  /** Data sets of some examples each, of {@code time} characters, from the addresses' beginnings. */
  static List<DataSet> dataSets(int count, int examples, int time) {
    String text = text(count * examples * time + 1);
    List<DataSet> all = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      INDArray features = Nd4j.zeros(examples, ALPHABET.length(), time);
      INDArray labels = Nd4j.zeros(examples, ALPHABET.length(), time);
      for (int e = 0; e < examples; e++) {
        int from = (d * examples + e) * time;
        for (int t = 0; t < time; t++) {
          features.putScalar(e, ALPHABET.indexOf(text.charAt(from + t)), t, 1);
          labels.putScalar(e, ALPHABET.indexOf(text.charAt(from + t + 1)), t, 1);
        }
      }
      all.add(new DataSet(features, labels));
    }
    return all;
  }

  private static String text(int characters) {
    StringBuilder text = new StringBuilder();
    ObjectMapper json = new ObjectMapper();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(BundledCorpus.open(), StandardCharsets.UTF_8))) {
      while (text.length() < characters) {
        json.readTree(lines.readLine()).path("text").asText().toLowerCase(Locale.ROOT).chars()
            .filter(c -> ALPHABET.indexOf(c) >= 0).limit(2_000).forEach(c -> text.append((char) c));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
