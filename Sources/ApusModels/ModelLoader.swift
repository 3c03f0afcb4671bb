package import ApusCore
package import ApusGGUF
package import ApusTokenizers

/// A model file with all that it brings: the network, its tokenizer and its chat template.
package struct LoadedModel: Sendable {
  package let model: LanguageModel
  package let tokenizer: Tokenizer
  package let file: GGUFFile

  package var configuration: ModelConfiguration { model.configuration }
  package var vocabulary: Vocabulary { tokenizer.vocabulary }
  package var metadata: GGUFMetadata { file.metadata }
  /// The file's chat template, not yet compiled.
  package var chatTemplate: ChatTemplateSource { ChatTemplateSource(file.metadata) }
  /// How its makers want tokens chosen.
  package var sampling: RecommendedSampling { RecommendedSampling(metadata) }
  /// What the file leaves out, so that it had to be assumed.
  package var warnings: [ModelWarning] {
    let path = file.paths[0]
    return ModelWarning.all(about: vocabulary, chatTemplate, path: path)
      + ModelWarning.warnings(about: sampling, path: path)
  }
}

extension LoadedModel {
  /// The prompt of a reranker, with the places `{query}` and `{document}`, where the file has one.
  ///
  /// Throws where it is no text, or lacks one of the places.
  package func rankingTemplate() throws(ModelError) -> String? {
    let key = "tokenizer.chat_template.rerank"
    do throws(GGUFError) {
      guard let text = try metadata.string(key) else { return nil }
      for place in ["{query}", "{document}"] where !text.contains(place) {
        throw metadata.error(
          key, .unsupported, expected: "a text with the places {query} and {document}", found: "one without \(place)")
      }
      return text
    } catch {
      throw .file(error)
    }
  }
}

/// Opens, checks and takes into use the model at `path`, all parts of a split model included.
package func loadModel(
  path: String, mode: FileReadMode = .mapped, backend: any Backend,
  options: LanguageModel.Options = LanguageModel.Options(), progress: LoadProgress? = nil
) throws(ModelError) -> LoadedModel {
  try ModelFile(path: path, mode: mode).load(backend: backend, options: options, progress: progress)
}

/// The tokenizer that a model file describes.
package func makeTokenizer(_ file: GGUFFile) throws(ModelError) -> Tokenizer {
  let vocabulary = try makeVocabulary(file)
  do throws(TokenizerError) {
    return try Tokenizer(vocabulary)
  } catch {
    throw .tokenizer(error, path: file.paths[0])
  }
}

/// The tokens of that tokenizer, and their roles.
func makeVocabulary(_ file: GGUFFile) throws(ModelError) -> Vocabulary {
  let description: VocabularyDescription
  do throws(GGUFError) {
    description = try VocabularyDescription(file.metadata)
  } catch {
    throw .file(error)
  }
  do throws(TokenizerError) {
    return try Vocabulary(description)
  } catch {
    throw .tokenizer(error, path: file.paths[0])
  }
}
